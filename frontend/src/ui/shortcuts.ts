import { useEffect, useEffectEvent, useSyncExternalStore } from 'react'

/** A key that does something on the screen that is open. */
export interface Shortcut {
  /** As keydown names it, after `mod+` for ⌘ or Ctrl; or two keys one after the other: `g r`. */
  keys: string
  label: string
  run: () => void
}

let registered: readonly Shortcut[] = []
const listeners = new Set<() => void>()

/** Binds keys for as long as the component is there; they are listed under `?`. Typing in a control is not heard. */
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

/** All keys that do something now. */
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

/** The key before, and when it was pressed: the first of two keys counts for a second. */
let before = { key: '', at: 0 }

document.addEventListener('keydown', (event) => {
  const modified = event.metaKey || event.ctrlKey
  if (event.defaultPrevented || event.altKey || (isTyping(event.target) && !modified)) return
  const pressed = (modified ? 'mod+' : '') + event.key
  const both = event.timeStamp - before.at < 1_000 ? `${before.key} ${pressed}` : pressed
  before = { key: pressed, at: event.timeStamp }
  // The last one wins: what opened later stands in front.
  const shortcut =
    registered.findLast(({ keys }) => keys === both) ?? registered.findLast(({ keys }) => keys === pressed)
  if (shortcut === undefined) return
  event.preventDefault()
  shortcut.run()
})

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))
}
