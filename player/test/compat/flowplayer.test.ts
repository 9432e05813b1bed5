// Flowplayer 6 and 7, unchanged, with the adapter beside it. 5 is not in npm.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { versionOf } from './support/site.ts'
import { Stage, heard, until } from './support/stage.ts'

const EVENTS = { play: 'resume', pause: 'pause', seek: 'seek', end: 'finish' }
const APP = 'rtmp://s5678.example/cfx/st'

describe('Flowplayer', () => {
  let stage: Stage

  before(async () => {
    stage = await Stage.open('Flowplayer')
  })

  after(() => stage?.close())

  for (const version of ['6', '7']) {
    const query = (more: Record<string, string>): string =>
      new URLSearchParams({ version, adapter: 'flowplayer-rtmp', name: 'film', ...more }).toString()

    for (const [how, rtmp] of Object.entries({ 'rtmp as a string': JSON.stringify(APP), 'rtmp as an object': JSON.stringify({ url: APP, bufferTime: 3 }) })) {
      it(`${version} plays by configuration, ${how}`, () =>
        stage.goesThrough(`configuration, ${how}`, versionOf(`flowplayer${version}`), `flowplayer-script.html?${query({ rtmp })}`, EVENTS))
    }

    for (const [type, source] of [['video/flash', 'mp4:film'], ['video/mp4', 'film.mp4']]) {
      it(`${version} plays by markup, ${type}`, () =>
        stage.goesThrough(`markup, ${type}`, versionOf(`flowplayer${version}`), `flowplayer-markup.html?${query({ type, source })}`, EVENTS))
    }

    it(`${version} goes through a playlist of version 5`, async () => {
      const playlist = JSON.stringify([[{ flash: 'mp4:film' }], [{ flash: 'mp4:small' }]])
      await stage.visit(`flowplayer-playlist.html?${query({ playlist })}`, async page => {
        await heard(page, 'ready')
        await page.evaluate(() => window.old.play())
        await until(page, 'old.time() > 0.3 && document.querySelector("video").videoWidth === 320')
        await page.evaluate(() => (window as unknown as { api: { next(): void } }).api.next())
        await until(page, 'document.querySelector("video").videoWidth === 160 && old.time() > 0.3 && !old.paused()')
        await page.evaluate(() => (window as unknown as { api: { prev(): void } }).api.prev())
        await until(page, 'document.querySelector("video").videoWidth === 320 && old.time() > 0.3 && !old.paused()')
        assert.equal(await page.evaluate(() => document.querySelectorAll('video').length), 1)
      })
    })

    it(`${version} says by its own error what is wrong`, () =>
      stage.visit(`flowplayer-script.html?${query({ rtmp: JSON.stringify(APP), name: 'nothing' })}`, async page => {
        await heard(page, 'error')
        const { code, message } = await page.evaluate(() => (window as unknown as { failure: { code: number, message: string } }).failure)
        // 6 puts its own words over whatever an engine says.
        assert.deepEqual([code, message], [2, version === '6' ? 'Network error' : 'There is no video called “nothing” here.'])
      }))
  }

  it('7 has the size that the page asks for', () =>
    stage.looks('flowplayer7', `flowplayer-script.html?${new URLSearchParams({ version: '7', adapter: 'flowplayer-rtmp', name: 'film', rtmp: JSON.stringify(APP) })}`, '#player', [320, 180]))
})
