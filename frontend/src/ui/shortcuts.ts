import { useEffect, useEffectEvent, useSyncExternalStore } from 'react'

/** A keyboard shortcut of the open screen. */
export interface Shortcut {
  /** Key as in KeyboardEvent.key, optionally after `mod+` for ⌘ or Ctrl; or a sequence of two keys: `g r`. */
  keys: string
  label: string
  run: () => void
}

let registered: readonly Shortcut[] = []
const listeners = new Set<() => void>()

/** Bind keys while the component is mounted. They are listed under `?` and ignored while typing in a control. */
export function useShortcut(keys: string, label: string, run: () => void): void {
  const onPress = useEffectEvent(run)
  useEffect(() => {
    const shortcut = {
      keys,
      label,
      run: () => {
        onPress()
      },
    }
    update([...registered, shortcut])
    return () => {
      update(registered.filter((other) => other !== shortcut))
    }
  }, [keys, label])
}

/** All bound shortcuts. */
export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(subscribe, () => registered)
}

function update(shortcuts: readonly Shortcut[]): void {
  registered = shortcuts
  listeners.forEach((listener) => {
    listener()
  })
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Previous key and its time: the first key of a sequence is valid for one second. */
let before = { key: '', at: 0 }

document.addEventListener('keydown', (event) => {
  const modified = event.metaKey || event.ctrlKey
  if (event.defaultPrevented || event.altKey || (isTyping(event.target) && !modified)) return
  const pressed = (modified ? 'mod+' : '') + event.key
  const both = event.timeStamp - before.at < 1_000 ? `${before.key} ${pressed}` : pressed
  before = { key: pressed, at: event.timeStamp }
  // The last binding wins, since later components are in front.
  const shortcut =
    registered.findLast(({ keys }) => keys === both) ?? registered.findLast(({ keys }) => keys === pressed)
  if (shortcut === undefined) return
  event.preventDefault()
  shortcut.run()
})

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))
}
