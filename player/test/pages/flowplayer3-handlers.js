// What a page of the time would do with its player.
var heard = window.heard = []
var told = window.told = {}
function note (type, value) {
  if (heard[heard.length - 1] !== type) heard.push(type);
  (told[type] = told[type] || []).push(value)
}
(function () {
  var names = ['Begin', 'Start', 'Pause', 'Resume', 'Seek', 'Stop', 'Finish', 'LastSecond', 'BufferFull', 'MetaData']
  for (var i = 0; i < names.length; i++) {
    (function (name) { $f().getCommonClip()['on' + name](function (clip, value) { note(name, value === undefined ? clip.url : value) }) })(names[i])
  }
  var own = ['Load', 'Unload', 'Volume', 'Mute', 'Unmute', 'Error', 'PlaylistReplace', 'ClipAdd']
  for (var j = 0; j < own.length; j++) {
    (function (name) { $f()['on' + name](function (value, text) { note(name, text || value) }) })(own[j])
  }
  window.old = {
    play: function () { $f().play() },
    pause: function () { $f().pause() },
    seek: function (seconds) { $f().seek(seconds) },
    time: function () { return $f().getTime() },
    duration: function () { return $f().getClip().fullDuration },
    paused: function () { return $f().isPaused() },
  }
})()
