import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Status } from '../../src/rtmp/session.ts'
import { failure, refusedPlay, unsupported } from '../../src/text.ts'

const status = (code: string, description = '', details = ''): Status => ({ code, level: 'error', description, details, tcUrl: '' })
const denied = (description: string): string => refusedPlay(status('NetStream.Failed', description), 'a').text

describe('what a viewer is told', () => {
  it('of a stream that is not there, without the signature in its name', () => {
    const { code, fatal, text, server } = refusedPlay(status('NetStream.Play.StreamNotFound', 'none'), 'mp4:dir/a.mp4?Signature=x')
    assert.deepEqual([code, fatal, text, server],
      [2, true, 'There is no video called “dir/a.mp4” here.', 'NetStream.Play.StreamNotFound: none'])
  })

  it('of links that are no longer good, not yet, not at all', () => {
    // Noon is on the same day nearly everywhere.
    assert.match(denied('the signature expired at 2026-11-22T12:00:00Z, 3 days ago'), /^This link was valid until November 2[23], 2026 at \d+:\d\d.[AP]M\.$/)
    assert.match(denied('the signature is not good before 2027-01-05T12:00:00Z'), /^This link is not valid before January [56], 2027 at \d+:\d\d.[AP]M\.$/)
    assert.equal(denied('the signature expired at noon, today'), 'This link was valid until noon.')
    assert.equal(denied('nothing is signed: what is private is asked for with Expires'), 'This video is private: its link has to be signed.')
    assert.equal(denied('the key "APK" is none that is known here'), 'This link gives no right to the video.')
  })

  it('of files, in the codes of MediaError', () => {
    const codes = ['FileStructureInvalid', 'NoSupportedTrackFound', 'Failed'].map(code => refusedPlay(status(`NetStream.Play.${code}`), 'a').code)
    assert.deepEqual(codes, [3, 4, 2])
    const { text, fatal } = unsupported('video', 'Sorenson H.263', false)
    assert.deepEqual([text, fatal], ['This file’s picture is coded as Sorenson H.263, which this browser can’t play. Converted to H.264 it would.', false])
  })

  it('of servers that turn players away, by what they say', () => {
    const refused = (description: string): string =>
      failure({ type: 'refused', status: status('NetConnection.Connect.Rejected', description) }, 'h', 'http:', false).text
    assert.equal(refused('[ Server.Reject ] : DistributionNotFound : no distribution answers to "h"'), 'There are no videos at h.')
    assert.equal(refused('[ Server.Reject ] : PageNotAllowed : not from there'), 'h does not let this page play its videos.')
    assert.equal(refused('[ Server.Reject ] : ProtocolNotAllowed : use rtmps'), 'h refused the connection.')
  })

  it('of servers that can not be reached, with the likely cause', () => {
    const unreachable = { type: 'unreachable' as const, ends: [{ code: 1006, reason: '' }, { code: 1006, reason: 'TypeError' }] }
    assert.equal(failure(unreachable, 'h', 'http:', false).text, 'h can’t be reached.')
    assert.match(failure(unreachable, 'h', 'https:', false).text, /certificate on port 443/)
    assert.match(failure(unreachable, 'h', 'https:', true).text, /Content-Security-Policy/)
    assert.equal(failure(unreachable, 'h', 'http:', false).server, 'closed with 1006; TypeError')
    assert.equal(failure({ type: 'forbidden', reason: 'this origin may not' }, 'h', 'http:', false).server, 'this origin may not')
  })
})
