// Pages of Flowplayer 3, of which only the script's address changed.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NOWHERE } from './support/site.ts'
import { Stage, inOrder, until } from './support/stage.ts'

const EVENTS = { play: 'Start', pause: 'Pause', seek: 'Seek', end: 'Finish' }
const HOST = 's5678.example'
const ORDER = ['Begin', 'MetaData', 'Start', 'BufferFull', 'Pause', 'Seek', 'Resume', 'LastSecond', 'Finish']

const script = (clip: unknown, more: Record<string, string> = {}): string =>
  `flowplayer3-script.html?${new URLSearchParams({ clip: JSON.stringify(clip), adapter: 'flowplayer3', name: 'rtmp', host: HOST, ...more })}`

interface Api {
  [name: string]: (...values: unknown[]) => unknown
}
declare global {
  interface Window {
    $f(where?: unknown): Api
    asked: string[]
  }
}

describe('Flowplayer 3', () => {
  let stage: Stage

  before(async () => {
    stage = await Stage.open('Flowplayer 3')
  })

  after(() => stage?.close())

  const off = { autoPlay: false }
  const FORMS: Record<string, string> = {
    'clip with the provider rtmp': script({ url: 'mp4:film', provider: 'rtmp', ...off }),
    'provider of another name': script({ url: 'mp4:film', provider: 'influxis', ...off }, { name: 'influxis' }),
    'clip with its own connection': script({ url: 'mp4:film', netConnectionUrl: `rtmp://${HOST}/cfx/st`, provider: 'other', ...off }),
    'address that went through escape()': script({ url: 'mp4%3Afilm', provider: 'rtmp', ...off }),
    'clip with bitrates': script({ urlResolvers: 'bwcheck', provider: 'rtmp', ...off, bitrates: [{ url: 'mp4:small', bitrate: 200 }, { url: 'mp4:film', bitrate: 800, isDefault: true }] }),
    'unreachable: the file for who has no Flash': script({ url: 'mp4:film', provider: 'rtmp', ipadUrl: 'https://d1234.example/film.mp4', ...off }, { host: NOWHERE }),
    'link of the container': 'flowplayer3-href.html?adapter=flowplayer3',
    'what jQuery found': 'flowplayer3-jquery.html?adapter=flowplayer3',
  }
  for (const [form, path] of Object.entries(FORMS)) {
    // A file has no metadata of the server's.
    const order = ORDER.filter(event => event !== 'MetaData' || !form.startsWith('unreachable'))
    it(form, () => stage.goesThrough(form, '3', path, EVENTS, { order, after: async page => {
      assert.equal(await page.evaluate(() => window.$f().getState()), 5)
      if (form.includes('bitrates')) assert.equal(await page.evaluate(() => document.querySelector('video')!.videoWidth), 320)
    } }))
  }

  it('plays at once unless it is told not to', () => stage.visit(script({ url: 'mp4:film', provider: 'rtmp' }), async page => {
    await until(page, '$f().isPlaying() && $f().getTime() > 0.3')
  }))

  it('waits for a click where a picture stands, and plays what a list leads to', () => stage.visit('flowplayer3-splash.html?adapter=flowplayer3', async page => {
    assert.equal(await page.evaluate(() => window.$f().isLoaded()), false)
    await page.click('#player b')
    await until(page, '$f().isPlaying() && $f().getTime() > 0.2')
    await page.click('#list a')
    await until(page, '$f().isPlaying() && document.querySelector("video").videoWidth === 160')
    await page.evaluate(() => window.$f().unload())
    assert.equal(await page.evaluate(() => document.querySelector('#player b')?.textContent), 'Play')
    assert.equal(await page.evaluate(() => window.$f().getState()), -1)
  }))

  it('goes through a list, with cue points, and asks before it pauses', () => stage.visit('flowplayer3-playlist.html?adapter=flowplayer3', async page => {
    await page.evaluate(() => window.$f().play())
    await until(page, '$f().getClip().title === "Two" && $f().getTime() > 0.3')
    assert.deepEqual(await page.evaluate(() => window.asked), ['start One true', 'cue 500', 'cue 1500'])
    inOrder(await page.evaluate(() => window.heard), ['Begin', 'Start', 'LastSecond', 'Finish', 'Begin', 'Start'])
    await page.evaluate(() => window.$f().pause())
    await until(page, '$f().getTime() > 1')
    assert.deepEqual(await page.evaluate(() => [window.$f().isPlaying(), window.asked.pop()]), [true, 'may not'])
    assert.equal(await page.evaluate(() => document.querySelector('video')!.style.objectFit), 'contain')
  }))

  it('says what is wrong', () => stage.visit(script({ url: 'mp4:nothing', provider: 'rtmp' }), async page => {
    await until(page, 'heard.includes("Error")')
    assert.deepEqual(await page.evaluate(() => window.told.Error), ['There is no video called “nothing” here.'])
  }))

  it('has the calls that pages make', () => stage.visit(script({ url: 'mp4:film', provider: 'rtmp', autoPlay: false, title: 'A film' }), async page => {
    await until(page, 'heard.includes("Load")')
    const seen = await page.evaluate(() => {
      const player = window.$f()
      const controls = player.getControls() as Api
      player.setVolume(40)
      player.mute()
      player.addClip({ url: 'mp4:short' })
      const chain = controls.hide() === controls && controls.css({}) === controls && player.stop() === player
      const isShown = document.querySelector('video')!.controls
      let each = 0
      ;(window.$f('*') as unknown as { each(act: () => void): void }).each(() => { each++ })
      return {
        chain, isShown, each, volume: player.getVolume(), muted: (player.getStatus() as { muted: boolean }).muted, clips: (player.getPlaylist() as unknown[]).length,
        title: (player.getClip(0) as { title: string }).title, same: window.$f('player') === player, id: player.id(), state: player.getState(), version: (player.getVersion() as number[])[0],
      }
    })
    assert.deepEqual(seen, { chain: true, isShown: false, each: 1, volume: 40, muted: true, clips: 2, title: 'A film', same: true, id: 'player', state: 1, version: 3 })
    await until(page, '["Mute", "Volume", "ClipAdd"].every(type => heard.includes(type))')
    await page.evaluate(() => window.$f().setPlaylist([{ url: 'mp4:small', provider: 'rtmp' }]))
    await page.evaluate(() => window.$f().toggle())
    await until(page, '$f().isPlaying() && document.querySelector("video").videoWidth === 160')
    await page.evaluate(() => window.$f().stop())
    await until(page, 'heard.includes("PlaylistReplace") && heard.includes("Stop") && $f().getState() === 1')
  }))

  it('shows a picture until somebody plays, in the size that the page asks for', () =>
    stage.looks('flowplayer3', 'flowplayer3-picture.html?adapter=flowplayer3', '#player', [320, 180]))

  it('is started and stopped by who has its button, and the browser’s own controls then', () =>
    stage.visit('flowplayer3-href.html?adapter=flowplayer3', async page => {
      await until(page, 'heard.includes("Load")')
      await page.getByRole('button', { name: 'Play' }).click()
      await until(page, '$f().isPlaying() && $f().getTime() > 0.3')
      inOrder(await page.evaluate(() => window.heard), ['Begin', 'Start'])
      assert.equal(await page.getByRole('button', { name: 'Play' }).isVisible(), false)
      await page.evaluate(() => { document.querySelector('video')!.controls = true })
      await page.locator('video').press('Space')
      await until(page, '$f().isPaused()')
      await page.evaluate(() => window.$f().stop())
      await page.getByRole('button', { name: 'Play' }).click()
      await until(page, '$f().isPlaying() && $f().getTime() > 0.3')
    }))
})
