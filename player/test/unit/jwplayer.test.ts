// What pages of JW Player 5 to 7 mean by their configurations.

import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { LevelSource } from '../../src/index.ts'

type Config = typeof import('../../compat/jwplayer/config.ts')

const HOST = 'rtmp://s5678.example'
const APP = `${HOST}/cfx/st`
const FILE = 'https://d1234.example/name.mp4'

describe('a configuration of JW Player', () => {
  let jw: Config

  before(async () => {
    // An adapter looks for its own script as soon as it is read.
    Object.assign(globalThis, { document: { currentScript: null } })
    jw = await import('../../compat/jwplayer/config.ts')
  })

  /** What is tried, in this order: one list of sources for each attempt. */
  const tried = (config: Record<string, unknown>, said?: unknown): string[][] => {
    const [item] = jw.itemsOf(config)
    const name = ({ src, streamer }: LevelSource): string => streamer ? `${streamer} ${src}` : src
    return jw.attemptsOf(item, config, jw.versionOf(config, said)).map(({ levels }) => levels.map(name))
  }

  it('of 5 has a streamer', () => {
    assert.deepEqual(tried({ flashplayer: 'player.swf', file: 'mp4:name', streamer: APP, provider: 'rtmp' }), [[`${APP} mp4:name`]])
  })

  it('of 5 has modes, each with its own words', () => {
    const modes = [{ type: 'flash', src: 'player.swf' }, { type: 'html5', config: { file: FILE, provider: 'video' } }]
    const config = { file: 'mp4:name', streamer: APP, provider: 'rtmp', modes }
    assert.deepEqual(tried(config), [[`${APP} mp4:name`], [FILE]])
    assert.deepEqual(tried({ ...config, modes: [...modes].reverse() }), [[FILE], [`${APP} mp4:name`]])
    const own = [{ type: 'html5', config: { file: FILE } }, { type: 'flash', config: { file: 'mp4:name', streamer: APP } }]
    assert.deepEqual(tried({ modes: own }), [[FILE], [`${APP} mp4:name`]])
  })

  it('of 5 has levels, which a streamer stands before', () => {
    const levels = [{ bitrate: 800, file: 'mp4:a', width: 640 }, { bitrate: 200, file: 'mp4:b', width: 320 }]
    assert.deepEqual(tried({ streamer: APP, provider: 'rtmp', levels }), [[`${APP} mp4:a`, `${APP} mp4:b`]])
  })

  it('of 6 takes the file first, unless the page asks for Flash', () => {
    const sources = [{ file: `${APP}/mp4:name`, label: '720p' }, { file: FILE }]
    assert.deepEqual(tried({ playlist: [{ sources }] }), [[FILE], [`${APP}/mp4:name`]])
    assert.deepEqual(tried({ playlist: [{ sources }], primary: 'flash' }), [[`${APP}/mp4:name`], [FILE]])
    assert.deepEqual(tried({ playlist: [{ sources }], primary: 'flash', fallback: false }), [[`${APP}/mp4:name`]])
    assert.deepEqual(tried({ file: `${APP}/mp4:name` }), [[`${APP}/mp4:name`]])
  })

  it('of 7 goes by the order of its sources', () => {
    const sources = [{ file: `${APP}/mp4:name` }, { file: FILE }]
    assert.deepEqual(tried({ sources }, '7.2.1'), [[`${APP}/mp4:name`], [FILE]])
    assert.deepEqual(tried({ sources: [...sources].reverse() }, 7), [[FILE], [`${APP}/mp4:name`]])
    assert.deepEqual(tried({ sources, primary: 'html5' }, 7), [[FILE], [`${APP}/mp4:name`]])
  })

  it('begins with the source that is the default', () => {
    const sources = [{ file: `${APP}/mp4:a`, type: 'rtmp' }, { file: `${APP}/mp4:b`, type: 'rtmp', default: true }]
    const [item] = jw.itemsOf({ sources })
    assert.deepEqual(jw.attemptsOf(item, {}, 6).map(({ first, isStream }) => [first, isStream]), [[1, true]])
  })

  it('gives what is said of all items to each', () => {
    const items = jw.itemsOf({ streamer: APP, playlist: [{ file: 'mp4:a', title: 'A', image: 'a.jpg', duration: '12' }, { file: 'b.mp4' }] })
    assert.deepEqual(items.map(({ sources }) => sources), [[{ file: 'mp4:a', streamer: APP }], [{ file: 'b.mp4', streamer: APP }]])
    assert.deepEqual([items[0].title, items[0].image, items[0].duration], ['A', 'a.jpg', 12])
  })

  it('has captions as tracks, or as a plugin of 5', () => {
    const track = { file: 'a.srt', kind: 'captions' }
    assert.deepEqual(jw.itemsOf({ file: FILE, tracks: [track] })[0].tracks, [track])
    assert.deepEqual(jw.itemsOf({ file: FILE, plugins: { 'captions-2': { file: 'a.srt' } } })[0].tracks, [track])
    assert.deepEqual(jw.itemsOf({ file: FILE, 'captions.file': 'a.srt' })[0].tracks, [track])
  })

  it('names a list that is to be fetched', () => {
    const feeds = [
      { playlistfile: 'list.xml' }, { playlist: 'list.rss' }, { file: 'name.smil' }, { file: 'list.xml?a=1' },
      { playlist: 'bottom', file: FILE }, { file: `${APP}/mp4:name.smil` }, { playlist: [] },
    ].map(config => jw.feedOf(config))
    assert.deepEqual(feeds, ['list.xml', 'list.rss', 'name.smil', 'list.xml?a=1', undefined, undefined, undefined])
  })

  it('says its version, or is known by its words', () => {
    const versions = [[{}, undefined], [{}, '7.12.1'], [{}, '5'], [{ version: 5 }, '7'], [{ streamer: APP }, undefined], [{ primary: 'flash' }, undefined], [{}, '99']]
    assert.deepEqual(versions.map(([config, said]) => jw.versionOf(config as Record<string, unknown>, said)), [6, 7, 5, 5, 5, 6, 6])
  })

  it('without anything to play has no sources', () => {
    assert.deepEqual(jw.itemsOf({})[0].sources, [])
    assert.deepEqual(jw.itemsOf({ file: 'mp4:name' })[0].sources, [])
  })
})
