// The same in Firefox: what plays, and that its pictures are those of the file.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { inOrder, samples } from './support/appended.ts'
import { PLAIN, seenByFirefox } from './support/firefox.ts'
import { Media, packets } from './support/media.ts'
import { BREAK, Relay } from './support/relay.ts'
import { serve, type Server } from './support/server.ts'

const SECONDS = 30
/** In the order of their turn; each with the extension that its stream name goes without. */
const FILES = ['mp4:film.mp4', 'both', 'mp4:sound.m4a', 'mp3:song'] as const

/** Helpers of every page's script. */
const HELPERS = `
const video = document.querySelector('video')
const came = (type, target = video) => new Promise(resolve => target.addEventListener(type, resolve, { once: true }))
const until = async holds => { while (!holds()) await new Promise(resolve => setTimeout(resolve, 20)) }
const seek = async (target, time) => { const sought = came('seeked', target); target.currentTime = time; await sought }
`

describe('Firefox', () => {
  const media = new Media()
  let server: Server

  before(async () => {
    media.film('film.mp4', SECONDS)
    media.film('both.flv', SECONDS, '-c:a', 'libmp3lame')
    media.ffmpeg('sound.m4a', '-f', 'lavfi', '-i', `sine=duration=${SECONDS}`, '-c:a', 'aac')
    media.ffmpeg('song.mp3', '-f', 'lavfi', '-i', `sine=duration=${SECONDS}`, '-c:a', 'libmp3lame')
    // What a browser plays by itself has to have its index in front.
    media.ffmpeg(PLAIN, '-i', join(media.folder, 'film.mp4'), '-c', 'copy', '-movflags', 'faststart')
    server = await serve(media.folder)
  })

  after(async () => {
    await server?.stop()
    media.remove()
  })

  const options = (name: string): string => JSON.stringify({ src: `rtmp://127.0.0.1:${server.port}/cfx/st/${name}` })

  it('plays, seeks and ends files of every kind', async () => {
    const script = `${HELPERS}
      const seen = []
      for (const options of [${FILES.map(options).join()}]) {
        const player = new Millrace.MillracePlayer(video, options)
        const errors = []
        player.addEventListener('error', ({ detail }) => errors.push(detail.text))
        await came('canplay')
        await video.play()
        await until(() => video.currentTime > 0.5)
        const duration = Math.round(video.duration)
        await seek(video, 20)
        await until(() => video.currentTime > 20.3)
        const ended = came('ended')
        video.currentTime = video.duration - 1
        await ended
        seen.push({ duration, width: video.videoWidth, errors })
        player.destroy()
      }
      report(seen)`
    const sound = { duration: SECONDS, width: 0, errors: [] }
    const film = { duration: SECONDS, width: 320, errors: [] }
    assert.deepEqual(await seenByFirefox(script, media.folder), [film, film, sound, sound])
  })

  it('shows the pictures of the file, wherever it is sought', async () => {
    const script = `${HELPERS}
      const plain = document.createElement('video')
      plain.muted = true
      plain.src = '/${PLAIN}'
      const player = new Millrace.MillracePlayer(video, ${options('mp4:film.mp4')})
      await Promise.all([came('loadeddata', plain), came('loadeddata')])
      // Times of the stream begin where nothing of the file lies before 0.
      const offset = video.buffered.start(0)
      const picture = element => {
        const canvas = new OffscreenCanvas(element.videoWidth, element.videoHeight)
        const context = canvas.getContext('2d')
        context.drawImage(element, 0, 0)
        return context.getImageData(0, 0, canvas.width, canvas.height).data
      }
      const seen = []
      for (const frame of [3, 700, 250, 251, 249, 12, 500, 99, 640, 400]) {
        const time = (frame + 0.5) / 25
        await Promise.all([seek(video, offset + time), seek(plain, time)])
        const isSame = () => {
          const [ours, theirs] = [picture(video), picture(plain)]
          return ours.length > 0 && ours.every((value, index) => value === theirs[index])
        }
        // On a busy machine Firefox 153 tells that it has sought before the picture is there, also of the file itself.
        for (let tries = 0; tries < 100 && !isSame(); tries++) await new Promise(resolve => setTimeout(resolve, 20))
        seen.push(isSame())
      }
      report(seen)`
    assert.deepEqual(await seenByFirefox(script, media.folder), Array(10).fill(true))
  })

  it('takes RTMPT where WebSockets are refused', async () => {
    const relay = await Relay.to(server.port)
    relay.refusesSockets = true
    const script = `${HELPERS}
      const player = new Millrace.MillracePlayer(video, { src: 'rtmp://127.0.0.1/cfx/st/mp4:film', endpoint: '${relay.endpoint}' })
      await came('canplay')
      await video.play()
      await until(() => video.currentTime > 1)
      await seek(video, 25)
      await until(() => video.ended)
      report({ transport: player.stats.transport })`
    assert.deepEqual(await seenByFirefox(script, media.folder), { transport: 'rtmpt' })
    await relay.stop()
  })

  it('goes on after its connection broke, with no frame lost and none twice', async () => {
    const relay = await Relay.to(server.port)
    const script = `${HELPERS}
      const parts = []
      const append = SourceBuffer.prototype.appendBuffer
      const add = MediaSource.prototype.addSourceBuffer
      let pictures
      MediaSource.prototype.addSourceBuffer = function (mime) {
        const buffer = add.call(this, mime)
        if (mime.startsWith('video')) pictures = buffer
        return buffer
      }
      SourceBuffer.prototype.appendBuffer = function (bytes) {
        append.call(this, bytes)
        if (this === pictures) parts.push(bytes.slice())
      }
      const options = { src: 'rtmp://127.0.0.1/cfx/st/mp4:film', endpoint: '${relay.endpoint}', transports: ['websocket'], bufferAhead: 5 }
      const player = new Millrace.MillracePlayer(video, options)
      let breaks = 0
      player.addEventListener('reconnect', () => { breaks++ })
      await came('canplay')
      await video.play()
      for (const seconds of [1, 4.1, 8.2, 13.6, 17.8]) {
        await until(() => video.currentTime > seconds)
        const before = breaks
        await fetch('${relay.origin}${BREAK}', { mode: 'no-cors' })
        await until(() => breaks > before)
      }
      await until(() => video.ended)
      const reader = new FileReader()
      const read = came('load', reader)
      reader.readAsDataURL(new Blob(parts))
      await read
      report({ ranges: video.played.length, appended: reader.result.split(',')[1] })`
    const seen = await seenByFirefox(script, media.folder) as { ranges: number, appended: string }
    assert.equal(seen.ranges, 1, 'it was played in one piece')
    const film = packets(join(media.folder, 'film.mp4'), 'v:0').map(({ hash }) => hash)
    assert.deepEqual(inOrder(samples(Buffer.from(seen.appended, 'base64'))), film)
    await relay.stop()
  })
})
