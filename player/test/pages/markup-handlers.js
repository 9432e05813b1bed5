// What a page of the time would do with the SWF it has written: JW Player's own events and calls.
var heard = window.heard = []
var place = { position: 0, duration: 0 }
var state = 'IDLE'
function onTime(event) { place = event }
function onState(event) { state = event.newstate; heard.push(state) }
function onSeek() { heard.push('SEEK') }
function onError(event) { heard.push('error'); window.failure = event.message }
function playerReady(event) {
  var player = document.getElementById(event.id)
  player.addModelListener('TIME', 'onTime')
  player.addModelListener('STATE', 'onState')
  player.addModelListener('ERROR', 'onError')
  player.addControllerListener('SEEK', 'onSeek')
  window.old = {
    play: function () { player.sendEvent('PLAY', 'true') },
    pause: function () { player.sendEvent('PLAY', 'false') },
    seek: function (seconds) { player.sendEvent('SEEK', seconds) },
    time: function () { return place.position },
    duration: function () { return place.duration },
    paused: function () { return state !== 'PLAYING' },
  }
}
