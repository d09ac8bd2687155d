/** The colours of ui/styles.css that canvases draw with. */
export type Ink = 'ground' | 'surface' | 'line' | 'line-strong' | 'text' | 'muted' | 'faint' | 'accent' | 'buy' | 'sell'

/** The colour in the current theme. */
export function color(ink: Ink): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${ink}`).trim()
}

export const FONT = '11px "Geist Mono Variable", monospace'

export const sideColor = (side: number): string => color(side > 0 ? 'buy' : side < 0 ? 'sell' : 'faint')
