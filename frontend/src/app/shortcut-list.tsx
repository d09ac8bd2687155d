import { Dialog } from '@/ui/dialog'
import { Kbd } from '@/ui/kbd'
import { useShortcuts } from '@/ui/shortcuts'

/** Keys that act on the focused part; each part binds its own. */
const PART_KEYS = [
  {
    part: 'Charts',
    keys: [
      ['Previous order, next order', '← →'],
      ['Pan', 'Shift ← →'],
      ['Zoom in, zoom out, show all', '+ − 0'],
      ['Clear selection and crosshair', 'Esc'],
    ],
  },
  {
    part: 'Tables',
    keys: [
      ['Move between rows, open a row', '↑ ↓ Enter'],
      ['Page up, page down, first row, last row', 'PgUp PgDn Home End'],
    ],
  },
  { part: 'Column edges, divider between charts and tables', keys: [['Resize', '← → ↑ ↓']] },
] as const

/** Dialog with all keyboard shortcuts of the open screen. */
export function ShortcutList({ onClose }: { onClose: () => void }) {
  const shortcuts = useShortcuts()
  return (
    <Dialog title="Keyboard shortcuts" open onOpenChange={onClose}>
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
      {PART_KEYS.map(({ part, keys }) => (
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
