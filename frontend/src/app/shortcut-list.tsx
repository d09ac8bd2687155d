import { Dialog } from '@/ui/dialog'
import { Kbd } from '@/ui/kbd'
import { useShortcuts } from '@/ui/shortcuts'

/** Keys of what has the focus; they are bound where it has it. */
const OF_PARTS = [
  {
    part: 'In charts',
    keys: [
      ['Order before, order after', '← →'],
      ['Move the window', 'Shift ← →'],
      ['Zoom in, zoom out, show all', '+ − 0'],
      ['Drop the selection and the crosshair', 'Esc'],
    ],
  },
  {
    part: 'In tables',
    keys: [
      ['Move from row to row, open one', '↑ ↓ Enter'],
      ['Move by a page, to an end', 'PgUp PgDn Home End'],
    ],
  },
  { part: 'On an edge of a column, on the line between charts and tables', keys: [['Move it', '← → ↑ ↓']] },
] as const

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
      {OF_PARTS.map(({ part, keys }) => (
        <section key={part} className="pt-3">
          <h3 className="label">{part}</h3>
          <dl className="grid grid-cols-[1fr_auto] text-sm">
            {keys.map(([label, pressed]) => (
              <div key={label} className="contents">
                <dt className="flex h-7 items-center">{label}</dt>
                <dd className="figures flex items-center text-muted">{pressed}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  )
}
