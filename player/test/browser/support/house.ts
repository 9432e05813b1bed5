// A server, a relay in front of it and a browser: what nearly every test lives in.

import { launch, type Browser } from './browser.ts'
import type { Media } from './media.ts'
import { Relay } from './relay.ts'
import { serve, type Server } from './server.ts'

export class House {
  private constructor(readonly server: Server, readonly relay: Relay, readonly browser: Browser) {}

  static async over(media: Media): Promise<House> {
    const server = await serve(media.folder)
    return new House(server, await Relay.to(server.port), await launch())
  }

  async close(): Promise<void> {
    await this.browser.stop()
    await this.relay.stop()
    await this.server.stop()
  }
}
