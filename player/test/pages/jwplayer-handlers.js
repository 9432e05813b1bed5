// What a page of the time would do with its player.
var heard = window.heard = []
var told = window.told = {}
function note (type, event) {
  if (heard[heard.length - 1] !== type) heard.push(type);
  (told[type] = told[type] || []).push(event)
}
(function () {
  var player = jwplayer('container')
  var names = ['Ready', 'SetupError', 'Error', 'Play', 'Pause', 'Idle', 'Buffer', 'BeforePlay', 'BeforeComplete', 'Complete', 'Time', 'Seek', 'Meta',
    'BufferChange', 'BufferFull', 'Volume', 'Mute', 'Playlist', 'PlaylistItem', 'PlaylistComplete', 'QualityLevels', 'QualityChange', 'CaptionsList',
    'CaptionsChange', 'Controls', 'Resize']
  for (var i = 0; i < names.length; i++) {
    (function (name) { player['on' + name](function (event) { note(name, event) }) })(names[i])
  }
  window.old = {
    play: function () { player.play(true) },
    pause: function () { player.pause(true) },
    seek: function (seconds) { player.seek(seconds) },
    time: function () { return player.getPosition() },
    duration: function () { return player.getDuration() },
    paused: function () { return player.getState() === 'PAUSED' },
  }
})()
