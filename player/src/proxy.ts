// Everything an HTMLVideoElement has, at an element that holds one.

/** What `<millrace-video>` says itself. */
const OWN = ['constructor', 'src', 'srcObject', 'error']

/** Gives a class the members of the video in it, so that scripts take it for one. */
export const actAsVideo = (target: { prototype: HTMLElement & { video: HTMLVideoElement } }): void => {
  for (const source of [HTMLVideoElement.prototype, HTMLMediaElement.prototype]) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(source))) {
      if (OWN.includes(name) || name in target.prototype) continue
      Object.defineProperty(target.prototype, name, forwarded(name, property))
    }
  }
}

type Holder = { video: Record<string, unknown> }

const forwarded = (name: string, { get, set, value }: PropertyDescriptor): PropertyDescriptor => {
  if (typeof value === 'function') {
    const method = value as (...values: unknown[]) => unknown
    return { configurable: true, value(this: Holder, ...values: unknown[]) { return method.apply(this.video, values) } }
  }
  if (!get) return { configurable: true, value: value as unknown }
  return {
    configurable: true,
    get(this: Holder) { return this.video[name] },
    set: set && function (this: Holder, to: unknown) { this.video[name] = to },
  }
}
