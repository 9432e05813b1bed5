// Pages of JW Player 3 to 7, of which only the script's address changed. 3 and 4 were a SWF, which SWFObject wrote.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NOWHERE } from './support/site.ts'
import { Stage, inOrder, until } from './support/stage.ts'

const EVENTS = { play: 'Play', pause: 'Pause', seek: 'Seek', end: 'Complete' }
const EVENTS_7 = { play: 'play', pause: 'pause', seek: 'seek', end: 'complete' }
const SWF_EVENTS = { play: 'PLAYING', pause: 'PAUSED', seek: 'SEEK', end: 'COMPLETED' }
const START = ['Ready', 'Playlist', 'PlaylistItem', 'BeforePlay', 'Buffer', 'Meta', 'BufferFull', 'Play', 'Time', 'Pause', 'Seek', 'Play', 'Time']
const END = ['BeforeComplete', 'Idle', 'Complete']
const ORDER = [...START, ...END]
const HOST = 's5678.example'
const STREAMER = `rtmp://${HOST}/cfx/st`

const page = (name: string, more: Record<string, string> = {}): string => `jwplayer-${name}.html?${new URLSearchParams({ adapter: 'jwplayer', ...more })}`

describe('JW Player', () => {
  let stage: Stage

  before(async () => {
    stage = await Stage.open('JW Player')
  })

  after(() => stage?.close())

  const SWFS: Record<string, [version: string, values: Record<string, string>]> = {
    'file is the connection, id the stream': ['3', { file: STREAMER, id: 'mp4:film' }],
    'file and streamer': ['4', { file: 'mp4:film', streamer: STREAMER, type: 'rtmp' }],
    'file and streamer, provider': ['5', { file: 'mp4:film', streamer: STREAMER, provider: 'rtmp' }],
  }
  for (const [form, [version, values]] of Object.entries(SWFS)) {
    const order = ['playerReady', 'PLAYING', 'PAUSED', 'SEEK', 'PLAYING', 'COMPLETED']
    it(`${version}: variables of a SWF, ${form}`, () =>
      stage.goesThrough(`variables of a SWF, ${form}`, version, page('4', { adapter: 'swfobject', variables: JSON.stringify(values) }), SWF_EVENTS, { order, after: async page => {
        const told = await page.evaluate(() => window.told.playerReady)
        assert.equal((told[0] as { id: string }).id, 'mpl')
        assert.ok(!(await page.evaluate(() => window.heard)).includes('never'))
      } }))
  }

  it('5: a streamer', () => stage.goesThrough('setup, streamer', '5', page('5'), EVENTS, { order: ORDER, after: async page => {
    assert.deepEqual(await page.evaluate(() => {
      const player = (window as unknown as { jwplayer(): Record<string, () => unknown> }).jwplayer()
      return [player.getState(), player.getRenderingMode()]
    }), ['IDLE', 'flash'])
  } }))

  it('5: modes, the first of which is Flash', () =>
    stage.goesThrough('setup, modes', '5', page('5-modes', { host: HOST }), EVENTS, { order: ORDER }))

  it('5: modes, and what is for HTML5 when no stream can be reached', () =>
    stage.goesThrough('setup, modes, RTMP unreachable: file', '5', page('5-modes', { host: NOWHERE }), EVENTS, { order: ORDER, after: async page => {
      assert.ok(!(await page.evaluate(() => window.heard)).includes('Error'))
    } }))

  it('5: levels, which the page switches', () => stage.goesThrough('setup, levels', '5', page('5-levels'), EVENTS, { order: ORDER, after: async page => {
    const { told } = await page.evaluate(() => ({ told: window.told.QualityLevels[0] as { levels: { bitrate: number }[], currentQuality: number } }))
    assert.deepEqual([told.levels.map(({ bitrate }) => bitrate), told.currentQuality], [[800, 200], 0])
  } }))

  it('5: another level is shown when it is chosen', () => stage.visit(page('5-levels'), async page => {
    await page.evaluate(() => window.old.play())
    await until(page, 'document.querySelector("video").videoWidth === 320')
    await page.evaluate(() => (window as unknown as { jwplayer(): { setCurrentQuality(index: number): void } }).jwplayer().setCurrentQuality(1))
    await until(page, 'document.querySelector("video").videoWidth === 160')
    await until(page, 'heard.includes("QualityChange") && jwplayer().getCurrentQuality() === 1')
  }))

  it('6: one address', () => stage.goesThrough('setup, address', '6', page('6', { name: 'film' }), EVENTS, { order: [...ORDER, 'PlaylistComplete'] }))

  for (const version of ['5', '6', '7']) {
    it(`${version}: says what is wrong`, () => stage.visit(page('6', { adapter: `jwplayer.js?version=${version}#`, name: 'nothing' }), async page => {
      await page.evaluate(() => window.old.play())
      await until(page, 'heard.includes("Error")')
      const told = await page.evaluate(() => ({ error: window.told.Error[0] as { message: string }, shown: document.querySelector('[role=alert]')?.textContent }))
      assert.deepEqual([told.error.message, told.shown], ['There is no video called “nothing” here.', 'There is no video called “nothing” here.'])
      assert.equal(await page.evaluate(() => (window as unknown as { jwplayer: { version: string } }).jwplayer.version), `${version}.0.0`)
    }))
  }

  it('6: sources, tracks and events of the configuration', () =>
    stage.goesThrough('setup, playlist with sources', '6', page('6-sources', { host: HOST }), EVENTS, { order: ORDER, after: async page => {
      const seen = await page.evaluate(() => {
        const player = (window as unknown as { jwplayer(): Record<string, () => unknown> }).jwplayer()
        const cues = document.querySelector('video')!.textTracks[0].cues
        return {
          early: (window as unknown as { early: string[] }).early.slice(0, 2), levels: (player.getQualityLevels() as { label: string }[]).length,
          captions: player.getCaptionsList(), current: player.getCurrentCaptions(), text: (cues?.[0] as VTTCue | undefined)?.text,
          title: (player.getPlaylistItem() as { title: string }).title,
        }
      })
      assert.deepEqual(seen, {
        early: ['ready', 'play'], levels: 2, captions: [{ id: 'off', label: 'Off' }, { id: 0, label: 'English' }], current: 1, text: 'Somebody speaks.', title: 'A film',
      })
    } }))

  it('6: the file beside streams that can’t be reached', () =>
    stage.goesThrough('setup, sources, RTMP unreachable: file', '6', page('6-sources', { host: NOWHERE }), EVENTS, { order: ORDER }))

  it('6: SMIL', () => stage.goesThrough('setup, SMIL', '6', page('6-feed', { key: 'file', feed: 'jwplayer-film.smil' }), EVENTS, { order: ORDER, after: async page => {
    const levels = await page.evaluate(() => (window.told.QualityLevels[0] as { levels: { label: string }[] }).levels.map(({ label }) => label))
    assert.deepEqual(levels, ['180p', '90p'])
  } }))

  it('6: RSS', () => stage.goesThrough('setup, RSS', '6', page('6-feed', { key: 'playlist', feed: 'jwplayer-film.rss' }), EVENTS, { order: ORDER, after: async page => {
    const item = await page.evaluate(() => (window as unknown as { jwplayer(): { getPlaylistItem(): Record<string, unknown> } }).jwplayer().getPlaylistItem())
    assert.deepEqual([item.title, item.image, item.mediaid, (item.tracks as unknown[]).length], ['A film', 'film.jpg', 'abc', 1])
  } }))

  it('6: a list that is not there', () => stage.visit(page('6-feed', { key: 'playlist', feed: 'jwplayer-none.rss' }), async page => {
    await until(page, 'heard.includes("SetupError")')
    assert.equal(await page.evaluate(() => (window.told.SetupError[0] as { message: string }).message), 'Error loading playlist: 404')
  }))

  it('6: a list goes on to its next item, and to the one that is asked for', () => stage.visit(page('6-list'), async page => {
    await page.evaluate(() => window.old.play())
    await until(page, 'jwplayer().getPlaylistIndex() === 1 && jwplayer().getPosition() > 0.3')
    inOrder(await page.evaluate(() => window.heard), ['PlaylistItem', 'BeforePlay', 'Play', ...END, 'PlaylistItem', 'BeforePlay', 'Play'])
    await page.evaluate(() => (window as unknown as { jwplayer(): { playlistItem(index: number): void } }).jwplayer().playlistItem(0))
    await until(page, 'jwplayer().getPlaylistIndex() === 0 && jwplayer().getPosition() > 0.3')
  }))

  it('6: toggles, sound, size, controls, another list, and the page as it was', () => stage.visit(page('6', { name: 'film' }), async page => {
    const call = (name: string, ...values: unknown[]): Promise<unknown> => page.evaluate(({ name, values }) => {
      const player = (window as unknown as { jwplayer(): Record<string, (...values: unknown[]) => unknown> }).jwplayer()
      const value = player[name](...values)
      return value === player ? 'itself' : value
    }, { name, values })
    assert.equal(await call('play'), 'itself')
    await until(page, 'jwplayer().getState() === "PLAYING"')
    await call('pause')
    await until(page, 'jwplayer().getState() === "PAUSED"')
    await call('setVolume', 30)
    await call('setMute', true)
    await call('setControls', false)
    await call('resize', 200, 100)
    await until(page, '["Volume", "Mute", "Controls", "Resize"].every(type => heard.includes(type))')
    assert.deepEqual([await call('getVolume'), await call('getMute'), await call('getControls'), await call('getWidth')], [30, true, false, 200])
    await call('stop')
    assert.deepEqual([await call('getState'), await call('getPosition')], ['IDLE', 0])
    await call('load', [{ file: `rtmp://127.0.0.1:9/cfx/st/mp4:a`, title: 'Other' }])
    await until(page, 'jwplayer().getPlaylistItem().title === "Other"')
    await call('remove')
    assert.equal(await page.evaluate(() => document.getElementById('container')?.textContent), 'Loading the player...')
  }))

  it('7: on, once, off, and states in small letters', () => stage.goesThrough('setup, playlist with sources', '7', page('7'), EVENTS_7, {
    order: ['ready', 'playlist', 'playlistItem', 'beforePlay', 'buffer', 'meta', 'firstFrame', 'bufferFull', 'play', 'once buffering playing', 'time', 'pause', 'seek', 'play', 'time', 'beforeComplete', 'complete', 'playlistComplete'],
    after: async page => {
      assert.ok(!(await page.evaluate(() => window.heard)).includes('never'))
      assert.equal(await page.evaluate(() => (window as unknown as { jwplayer(): { getState(): string } }).jwplayer().getState()), 'complete')
    },
  }))

  it('has the size that the page asks for', () => stage.looks('jwplayer', page('6-sources', { host: HOST }), '#container', [320, 180]))

  it('is started and stopped by who has its button, and the browser’s own controls then', () => stage.visit(page('6', { name: 'film' }), async page => {
    await until(page, 'heard.includes("Ready")')
    await page.getByRole('button', { name: 'Play' }).click()
    await until(page, 'jwplayer().getState() === "PLAYING" && jwplayer().getPosition() > 0.3')
    inOrder(await page.evaluate(() => window.heard), ['Ready', 'BeforePlay', 'Buffer', 'Play', 'Time'])
    assert.equal(await page.getByRole('button', { name: 'Play' }).isVisible(), false)
    await page.locator('video').press('Space')
    await until(page, 'jwplayer().getState() === "PAUSED"')
    await page.evaluate(() => (window as unknown as { jwplayer(): { stop(): void } }).jwplayer().stop())
    await page.getByRole('button', { name: 'Play' }).click()
    await until(page, 'jwplayer().getState() === "PLAYING" && jwplayer().getPosition() > 0.3')
  }))
})
