// What stands over a video that has no source yet: without one the browser's own controls can't be used, and with one that
// waits Chromium shows for ever that it is loading.

const STYLE = {
  position: 'absolute', inset: '0', margin: 'auto', width: '4.5rem', height: '4.5rem', border: '1px solid #fff9', borderRadius: '50%',
  font: '1.5rem sans-serif', color: '#fff', background: '#000b', cursor: 'pointer',
}

/** A large button in the middle, for as long as the video has nothing to play. */
export const playButton = (video: HTMLVideoElement, act: () => void): HTMLButtonElement => {
  const button = document.createElement('button')
  Object.assign(button, { type: 'button', textContent: '▶', ariaLabel: 'Play', onclick: act })
  Object.assign(button.style, STYLE)
  for (const type of ['play', 'loadstart', 'emptied']) {
    video.addEventListener(type, () => { button.hidden = !video.paused || video.hasAttribute('src') })
  }
  return button
}
