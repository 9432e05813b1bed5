// Pages of JW Player 3 to 7, of which only the script's address changed.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { House, inOrder, until } from './jwplayer/house.ts'

const START = ['Ready', 'Playlist', 'PlaylistItem', 'BeforePlay', 'Buffer', 'Meta', 'BufferFull', 'Play', 'Time', 'Pause', 'Seek', 'Play', 'Time']
const END = ['BeforeComplete', 'Idle', 'Complete']
const ORDER = [...START, ...END]
const HOST = 's5678.example'
const NOWHERE = 's0000.example'
const STREAMER = `rtmp://${HOST}/cfx/st`

const variables = (values: Record<string, string>): string => `jwplayer-4.html?${new URLSearchParams({ VARIABLES: JSON.stringify(values) })}`

describe('JW Player', () => {
  let house: House

  before(async () => {
    house = await House.open()
  })

  after(() => house?.close())

  const SWF = ['playerReady', 'BUFFERING', 'PLAYING', 'PAUSED', 'SEEK', 'PLAYING', 'COMPLETED']
  const SWFS: Record<string, [version: string, values: Record<string, string>]> = {
    'file and streamer': ['4', { file: 'mp4:film', streamer: STREAMER, type: 'rtmp' }],
    'file and streamer, provider': ['5', { file: 'mp4:film', streamer: STREAMER, provider: 'rtmp', version: '5' }],
    'file as connection, id as stream': ['3', { file: STREAMER, id: 'mp4:film', version: '3' }],
    'a list': ['4', { playlistfile: '/pages/jwplayer-film.xml' }],
  }
  for (const [form, [version, values]] of Object.entries(SWFS)) {
    it(`${version}: variables of a SWF, ${form}`, () => house.goesThrough(`variables, ${form}`, version, variables(values), SWF, async page => {
      const told = await page.evaluate(() => window.told.playerReady)
      assert.equal((told[0] as { id: string }).id, 'mpl')
      assert.ok(!(await page.evaluate(() => window.heard)).includes('never'))
    }))
  }

  it('5: a streamer', () => house.goesThrough('setup, streamer', '5', 'jwplayer-5.html', ORDER, async page => {
    const { state, swf, mode } = await page.evaluate(() => {
      const { jwplayer } = window as unknown as { jwplayer(): Record<string, () => unknown> }
      const swf = document.getElementById('container') as unknown as Record<string, () => unknown>
      return { state: jwplayer().getState(), mode: jwplayer().getRenderingMode(), swf: [typeof swf.sendEvent, swf.jwGetState()] }
    })
    assert.deepEqual([state, mode, swf], ['IDLE', 'flash', ['function', 'IDLE']])
  }))

  it('5: modes, the first of which is Flash', () =>
    house.goesThrough('setup, modes', '5', `jwplayer-5-modes.html?HOST=${HOST}`, ORDER))

  it('5: modes, and what is for HTML5 when no stream can be reached', () =>
    house.goesThrough('setup, modes, RTMP unreachable: file', '5', `jwplayer-5-modes.html?HOST=${NOWHERE}`, ORDER, async page => {
      assert.ok(!(await page.evaluate(() => window.heard)).includes('Error'))
    }))

  it('5: levels, which the page switches', () => house.goesThrough('setup, levels', '5', 'jwplayer-5-levels.html', ORDER, async page => {
    const { told } = await page.evaluate(() => ({ told: window.told.QualityLevels[0] as { levels: { bitrate: number }[], currentQuality: number } }))
    assert.deepEqual([told.levels.map(({ bitrate }) => bitrate), told.currentQuality], [[800, 200], 0])
  }))

  it('5: another level is shown when it is chosen', () => house.visit('jwplayer-5-levels.html', async page => {
    await page.evaluate(() => window.old.play())
    await until(page, 'document.querySelector("video").videoWidth === 320')
    await page.evaluate(() => (window as unknown as { jwplayer(): { setCurrentQuality(index: number): void } }).jwplayer().setCurrentQuality(1))
    await until(page, 'document.querySelector("video").videoWidth === 160')
    await until(page, 'heard.includes("QualityChange") && jwplayer().getCurrentQuality() === 1')
  }))

  it('6: one address', () => house.goesThrough('setup, address', '6', 'jwplayer-6.html?NAME=film', [...ORDER, 'PlaylistComplete']))

  it('6: says what is wrong', () => house.visit('jwplayer-6.html?NAME=nothing', async page => {
    await page.evaluate(() => window.old.play())
    await until(page, 'heard.includes("Error")')
    const told = await page.evaluate(() => ({ error: window.told.Error[0] as { message: string }, shown: document.querySelector('[role=alert]')?.textContent }))
    assert.deepEqual([told.error.message, told.shown], ['There is no video called “nothing” here.', 'There is no video called “nothing” here.'])
  }))

  it('6: sources, tracks and events of the configuration', () =>
    house.goesThrough('setup, playlist with sources', '6', `jwplayer-6-sources.html?HOST=${HOST}`, ORDER, async page => {
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
    }))

  it('6: the file beside streams that can’t be reached', () =>
    house.goesThrough('setup, sources, RTMP unreachable: file', '6', `jwplayer-6-sources.html?HOST=${NOWHERE}`, ORDER))

  it('6: SMIL', () => house.goesThrough('setup, SMIL', '6', 'jwplayer-6-feed.html?KEY=file&FEED=jwplayer-film.smil', ORDER, async page => {
    const levels = await page.evaluate(() => (window.told.QualityLevels[0] as { levels: { label: string }[] }).levels.map(({ label }) => label))
    assert.deepEqual(levels, ['180p', '90p'])
  }))

  it('6: RSS', () => house.goesThrough('setup, RSS', '6', 'jwplayer-6-feed.html?KEY=playlist&FEED=jwplayer-film.rss', ORDER, async page => {
    const item = await page.evaluate(() => (window as unknown as { jwplayer(): { getPlaylistItem(): Record<string, unknown> } }).jwplayer().getPlaylistItem())
    assert.deepEqual([item.title, item.image, item.mediaid, (item.tracks as unknown[]).length], ['A film', 'film.jpg', 'abc', 1])
  }))

  it('6: a list that is not there', () => house.visit('jwplayer-6-feed.html?KEY=playlist&FEED=jwplayer-none.rss', async page => {
    await until(page, 'heard.includes("SetupError")')
    assert.equal(await page.evaluate(() => (window.told.SetupError[0] as { message: string }).message), 'Error loading playlist: 404')
  }))

  it('6: a list goes on to its next item, and to the one that is asked for', () => house.visit('jwplayer-6-list.html', async page => {
    await page.evaluate(() => window.old.play())
    await until(page, 'jwplayer().getPlaylistIndex() === 1 && jwplayer().getPosition() > 0.3')
    inOrder(await page.evaluate(() => window.heard), ['PlaylistItem', 'BeforePlay', 'Play', ...END, 'PlaylistItem', 'BeforePlay', 'Play'])
    await page.evaluate(() => (window as unknown as { jwplayer(): { playlistItem(index: number): void } }).jwplayer().playlistItem(0))
    await until(page, 'jwplayer().getPlaylistIndex() === 0 && jwplayer().getPosition() > 0.3')
  }))

  it('6: toggles, sound, size, controls, another list, and the page as it was', () => house.visit('jwplayer-6.html?NAME=film', async page => {
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

  it('7: on, once, off, and states in small letters', () => house.goesThrough('setup, playlist with sources', '7', 'jwplayer-7.html',
    ['ready', 'playlist', 'playlistItem', 'beforePlay', 'buffer', 'meta', 'firstFrame', 'bufferFull', 'play', 'once buffering playing', 'time', 'pause', 'seek', 'play', 'time', 'beforeComplete', 'complete', 'playlistComplete'],
    async page => {
      assert.ok(!(await page.evaluate(() => window.heard)).includes('never'))
      assert.equal(await page.evaluate(() => (window as unknown as { jwplayer(): { getState(): string } }).jwplayer().getState()), 'complete')
    }))
})
