// What a page of the time would do with its player.
var heard = window.heard = []
videojs('example').ready(function () {
  var player = this
  var types = ['play', 'pause', 'seeked', 'ended', 'error', 'loadedmetadata']
  for (var i = 0; i < types.length; i++) {
    (function (type) { player.on(type, function () { heard.push(type) }) })(types[i])
  }
  window.player = player
  window.old = {
    play: function () { player.play() },
    pause: function () { player.pause() },
    seek: function (seconds) { player.currentTime(seconds) },
    time: function () { return player.currentTime() },
    duration: function () { return player.duration() },
    paused: function () { return player.paused() },
  }
})
