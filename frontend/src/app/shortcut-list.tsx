import { Dialog } from '@/ui/dialog'
import { Kbd } from '@/ui/kbd'
import { useShortcuts } from '@/ui/shortcuts'

/** All keys that do something on the screen that is open. */
export function ShortcutList({ onClose }: { onClose: () => void }) {
  const shortcuts = useShortcuts()
  return (
    <Dialog title="Shortcuts" open onOpenChange={onClose}>
      <dl className="grid grid-cols-[1fr_auto] gap-y-1 text-sm">
        {shortcuts.map(({ keys, label }) => (
          <div key={keys} className="contents">
            <dt className="flex h-7 items-center">{label}</dt>
            <dd className="flex items-center">
              <Kbd keys={keys} />
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
