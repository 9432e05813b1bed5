// Qualities of one title.

/** As pages give them. */
export interface LevelSource {
  src: string
  streamer?: string
  label?: string
  width?: number
  height?: number
  /** kbit/s */
  bitrate?: number
}

export interface Level extends LevelSource {
  label: string
}

/** Every level has something to be called by. */
export const levelsOf = (sources: readonly LevelSource[]): Level[] =>
  sources.map((source, index) => {
    const { label, height, bitrate } = source
    const name = label ?? (height ? `${height}p` : bitrate ? `${bitrate} kbit/s` : `${index + 1}`)
    return { ...source, label: name }
  })
