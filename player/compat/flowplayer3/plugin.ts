// What stands for a plugin, which drew into the SWF: its calls chain, and show or hide what there is.

export class Plugin {
  #isShown = true

  constructor(readonly name: string, private readonly shown: (isShown: boolean) => void, properties: object) {
    const show = (): this => this.#set(true)
    const hide = (): this => this.#set(false)
    const none = (): this => this
    Object.assign(this, properties, {
      name, getName: () => name, css: none, animate: none, fadeTo: none,
      show, fadeIn: show, hide, fadeOut: hide, toggle: () => this.#set(!this.#isShown),
    })
  }

  #set(isShown: boolean): this {
    this.#isShown = isShown
    this.shown(isShown)
    return this
  }
}
