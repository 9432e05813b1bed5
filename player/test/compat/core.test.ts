// The core comes from beside an adapter, and takes its time: what a page calls meanwhile is done as soon as it is there.
// Or it is on the page already, and plays at once.

import { after, before, describe, it } from 'node:test'
import { versionOf } from './support/site.ts'
import { Stage, type Events } from './support/stage.ts'

const HOST = 's5678.example'
const STREAMER = `rtmp://${HOST}/cfx/st`
const MEDIA = { play: 'play', pause: 'pause', seek: 'seeked', end: 'ended' }
const FLASH_FIRST = { setup: '{"techOrder":["flash","html5"]}' }
const CLIP = JSON.stringify({ url: 'mp4:film', provider: 'rtmp', autoPlay: false })

const FORMS: [library: string, version: string, page: string, adapter: string, events: Events, more: Record<string, string>][] = [
  ...['4', '5', '6', '7', '8'].map((version): typeof FORMS[number] => ['videojs', version, 'videojs-setup', 'videojs-flash', MEDIA, FLASH_FIRST]),
  ['videojs', '8', 'videojs-src', 'videojs-flash', MEDIA, FLASH_FIRST],
  ['mediaelement', '7', 'mediaelement', 'mediaelement-rtmp', MEDIA, { type: 'video/rtmp', setup: '{"autoRewind":false}' }],
  ['flowplayer', '7', 'flowplayer-script', 'flowplayer-rtmp', { play: 'resume', pause: 'pause', seek: 'seek', end: 'finish' }, { rtmp: JSON.stringify(STREAMER) }],
  ['', '3', 'flowplayer3-script', 'flowplayer3', { play: 'Start', pause: 'Pause', seek: 'Seek', end: 'Finish' }, { clip: CLIP, name: 'rtmp', host: HOST }],
  ['', '6', 'jwplayer-6', 'jwplayer', { play: 'Play', pause: 'Pause', seek: 'Seek', end: 'Complete' }, {}],
]

describe('the core', () => {
  let stage: Stage

  before(async () => {
    stage = await Stage.open('the core')
  })

  after(() => stage?.close())

  for (const time of ['late', 'early']) {
    for (const [library, version, name, adapter, events, more] of FORMS) {
      it(`comes ${time}: ${name}, ${version}`, () => stage.goesThrough(`core comes ${time}, ${name}`, library ? versionOf(library + version) : version,
        `${name}.html?${new URLSearchParams({ version, adapter, name: 'film', [time]: '', ...more })}`, events))
    }
  }
})
