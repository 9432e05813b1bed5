// What a page of the time would do with its player.
var heard = window.heard = []
var types = ['ready', 'resume', 'pause', 'seek', 'finish', 'error']
for (var i = 0; i < types.length; i++) {
  (function (type) { api.on(type, function () { heard.push(type) }) })(types[i])
}
api.on('error', function (event, player, error) { window.failure = error })
window.old = {
  play: function () { api.ready ? api.resume() : api.one('ready', function () { api.resume() }) },
  pause: function () { api.pause() },
  seek: function (seconds) { api.seek(seconds) },
  time: function () { return api.video.time || 0 },
  duration: function () { return api.video.duration },
  paused: function () { return api.paused },
}
