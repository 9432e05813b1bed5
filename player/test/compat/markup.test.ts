// Pages with Flash in their markup, and with the libraries that wrote it.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { versionOf } from './support/site.ts'
import { Stage, heard, until } from './support/stage.ts'

const JW_EVENTS = { play: 'PLAYING', pause: 'PAUSED', seek: 'SEEK', end: 'COMPLETED' }
const EVENTS = { play: 'play', pause: 'pause', seek: 'seeked', end: 'ended' }

const page = (name: string, adapter: string, more: Record<string, string> = {}): string =>
  `${name}.html?${new URLSearchParams({ adapter, name: 'film', ...more })}`

describe('Flash markup', () => {
  let stage: Stage

  before(async () => {
    stage = await Stage.open('Flash markup')
  })

  after(() => stage?.close())

  for (const form of ['embed', 'object', 'query', 'config', 'write', 'later']) {
    it(`plays: ${form}`, () => stage.goesThrough(`markup, ${form}`, '', page(`markup-${form}`, 'flash-markup'), JW_EVENTS))
  }

  it('keeps id, name and size, and stands once where two elements stood', () =>
    stage.visit(page('markup-object', 'flash-markup'), async page => {
      await until(page, 'window.old')
      assert.deepEqual(await page.evaluate(() => {
        const element = document.getElementById('ply')!
        const { width, height } = element.getBoundingClientRect()
        return [element.localName, width, height, document.querySelectorAll('object, embed').length, document.querySelectorAll('millrace-video').length]
      }), ['millrace-video', 320, 200, 0, 1])
    }))

  it('leaves alone what leads nowhere', () =>
    stage.visit(page('markup-foreign', 'flash-markup'), async page => {
      await until(page, 'window.old')
      const names = await page.evaluate(() => ['game', 'banner', 'progressive', 'picture', 'ply'].map(id => document.getElementById(id)!.localName))
      assert.deepEqual(names, ['embed', 'object', 'object', 'object', 'millrace-video'])
      assert.equal(await page.evaluate(() => document.getElementById('banner')!.textContent), 'Buy')
    }))

  it('says that there is Flash, unless it is not to', async () => {
    const seen = (path: string): Promise<unknown> => new Promise((resolve, reject) => stage.visit(path, async page => {
      await until(page, 'window.old')
      resolve(await page.evaluate(() => {
        const { plugins, mimeTypes } = navigator
        const plugin = (plugins as unknown as Record<string, Plugin | undefined>)['Shockwave Flash']
        const type = (mimeTypes as unknown as Record<string, MimeType | undefined>)['application/x-shockwave-flash']
        return [plugin?.description, type?.enabledPlugin?.name]
      }))
    }).catch(reject))
    assert.deepEqual(await seen(page('markup-embed', 'flash-markup')), ['Shockwave Flash 32.0 r0', 'Shockwave Flash'])
    // The word that stands for the adapter may bring an attribute with it.
    const silent = page('markup-embed', 'flash-markup').replace('flash-markup', encodeURIComponent('flash-markup.js" data-no-flash-detect data-x="'))
    assert.deepEqual(await seen(silent), [undefined, undefined])
  })

  it('says what is wrong where the viewer sees it, and by the SWF’s own event', () =>
    stage.visit(page('markup-embed', 'flash-markup', { name: 'nothing' }), async page => {
      await heard(page, 'error')
      const sentence = 'There is no video called “nothing” here.'
      assert.equal(await page.evaluate(() => (window as unknown as { failure: string }).failure), sentence)
      assert.equal(await page.locator('.error p').textContent(), sentence)
    }))

  it('plays what SWFObject 1 writes', async () => {
    await stage.goesThrough('SWFObject', '1', page('swfobject-1', 'swfobject'), JW_EVENTS)
    await stage.visit(page('swfobject-1', 'swfobject'), async page => {
      await until(page, 'window.old')
      assert.equal(await page.evaluate(() => (window as unknown as { wrote: boolean }).wrote), true)
      assert.equal(await page.evaluate(() => document.getElementById('place')!.innerText.includes('needs Flash')), false)
    })
  })

  it('plays what SWFObject 1 was given in one parameter', () =>
    stage.goesThrough('SWFObject, flashvars in a parameter', '1', page('swfobject-1-parameter', 'swfobject'), JW_EVENTS))

  for (const [form, name] of [['embedSWF', 'swfobject-2'], ['registerObject', 'swfobject-2-static']]) {
    it(`plays what swfobject 2 embeds by ${form}, and calls back`, async () => {
      await stage.goesThrough(`swfobject, ${form}`, '2', page(name, 'swfobject'), JW_EVENTS)
      await stage.visit(page(name, 'swfobject'), async page => {
        await until(page, 'window.answer')
        assert.deepEqual(await page.evaluate(() => {
          const { answer: { success, id, ref } } = window as unknown as { answer: { success: boolean, id: string, ref: Element } }
          return [success, id, ref === document.getElementById('ply'), ref.localName]
        }), [true, 'ply', true, 'millrace-video'])
      })
    })
  }

  for (const [form, name] of [['AC_FL_RunContent', 'ac'], ['UFO.create', 'ufo'], ['flashembed', 'flashembed']]) {
    it(`plays what ${form} embeds`, async () => {
      await stage.goesThrough(form, '', page(`swfobject-${name}`, 'swfobject'), JW_EVENTS)
      await stage.visit(page(`swfobject-${name}`, 'swfobject'), async page => {
        await until(page, 'window.old')
        assert.deepEqual(await page.evaluate(() => Array.from(document.getElementById('place')!.children, ({ id, clientWidth }) => [id, clientWidth]).pop()), ['ply', 320])
      })
    })
  }

  it('leaves the page’s own words where swfobject has nothing for us', () =>
    stage.visit(page('swfobject-1', 'swfobject'), async page => {
      const seen = await page.evaluate(() => new Promise(resolve => {
        document.body.insertAdjacentHTML('beforeend', '<div id="game">No Flash, no game.</div>')
        const { swfobject } = window as unknown as { swfobject: { embedSWF(...values: unknown[]): void } }
        swfobject.embedSWF('game.swf', 'game', 1, 1, '9', null, { level: 3 }, {}, {}, (answer: object) =>
          resolve([answer, document.getElementById('game')!.textContent]))
      }))
      assert.deepEqual(seen, [{ success: false, id: 'game' }, 'No Flash, no game.'])
    }))

  it('says by MediaElement.js 2’s own error what is wrong', () =>
    stage.visit(page('mediaelement-2', 'flash-markup', { source: 'rtmp://s5678.example/cfx/st/mp4:nothing', streamer: '' }), async page => {
      await until(page, 'window.old')
      await page.evaluate(() => window.old.play())
      await heard(page, 'error')
    }))

  for (const [form, source, streamer] of [
    ['a whole address', 'rtmp://s5678.example/cfx/st/mp4:film', ''], ['flashStreamer', 'mp4:film', 'rtmp://s5678.example/cfx/st'],
  ]) {
    it(`plays with MediaElement.js 2, ${form}`, () =>
      stage.goesThrough(`MediaElement.js, ${form}`, versionOf('mediaelement2'), page('mediaelement-2', 'flash-markup', { source, streamer }), EVENTS))
  }

  it('has the size that the markup asks for', () => stage.looks('markup', page('markup-embed', 'flash-markup'), '#ply', [320, 200]))

  it('has the size that SWFObject is told', () => stage.looks('swfobject', page('swfobject-1', 'swfobject'), '#ply', [320, 200]))
})
