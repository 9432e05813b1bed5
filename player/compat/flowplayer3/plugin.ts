// What stands for a plugin, which drew into the SWF: its calls chain, and show or hide what there is.

export class Plugin {
  constructor(readonly name: string, private readonly shown: (isShown: boolean) => void, properties: object) {
    Object.assign(this, properties, { name })
  }

  getName(): string {
    return this.name
  }

  css(): this {
    return this
  }

  animate(): this {
    return this
  }

  fadeTo(): this {
    return this
  }

  show(): this {
    return this.set(true)
  }

  hide(): this {
    return this.set(false)
  }

  toggle(): this {
    return this.set(!this.isShown)
  }

  fadeIn(): this {
    return this.show()
  }

  fadeOut(): this {
    return this.hide()
  }

  private isShown = true

  private set(isShown: boolean): this {
    this.isShown = isShown
    this.shown(isShown)
    return this
  }
}
