/** Format a duration with at most two units: 140 ms, 8.3 s, 4 min 05 s, 2 h 05 min, 3 d 04 h. */
export function formatDuration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`
  const hours = Math.round(seconds / 3_600)
  return `${Math.floor(hours / 24)} d ${pad(hours % 24)} h`
}

/** Format an age in one unit: now, 3 s ago, 2 min ago. */
export function formatAge(seconds: number): string {
  if (seconds < 1) return 'now'
  if (seconds < 60) return `${Math.floor(seconds)} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

function pad(value: number): string {
  return value.toString().padStart(2, '0')
}
