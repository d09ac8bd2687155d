const MAC = navigator.userAgent.includes('Mac')

/** A keyboard shortcut, with the key names of the platform. */
export function Kbd({ keys }: { keys: string }) {
  const caps = keys
    .split(' ')
    .map((key) => key.replace(/\b[a-z]$/, (letter) => letter.toUpperCase()).replace('mod+', MAC ? '⌘' : 'Ctrl '))
  return (
    <span className="inline-flex gap-1">
      {caps.map((cap) => (
        <kbd key={cap} className="figures rounded-sm border border-line-strong px-1 text-2xs text-muted">
          {cap}
        </kbd>
      ))}
    </span>
  )
}
