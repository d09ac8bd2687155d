import { X } from 'lucide-react'
import type { ReactNode } from 'react'

import { formatCount } from '@/ui/format/count'
import { formatWindow } from '@/ui/format/instant'
import { Select } from '@/ui/select'

import type { ChangeSearch, ReportSearch } from './report-search'

interface TableFiltersProps {
  search: ReportSearch
  onSearch: ChangeSearch
  /** Number of matching rows, and their noun. */
  total: number
  noun: string
  children?: ReactNode
}

/** Bar above a table: its filters and the number of matching rows. */
export function TableFilters({ search: { since, until }, onSearch, total, noun, children }: TableFiltersProps) {
  return (
    <div className="flex h-10 shrink-0 items-center gap-2 overflow-x-auto border-b border-line px-4 whitespace-nowrap">
      {children}
      {since !== undefined && until !== undefined && (
        <button
          type="button"
          className="figures flex h-7 items-center gap-1.5 rounded bg-accent-soft px-2 text-xs text-accent"
          onClick={() => {
            onSearch({ since: undefined, until: undefined })
          }}
        >
          {formatWindow(BigInt(since), BigInt(until), 'ms')}
          <X size={12} aria-label="Clear selection" />
        </button>
      )}
      <span className="figures ml-auto text-xs text-faint">{`${formatCount(total)} ${noun}`}</span>
    </div>
  )
}

interface FilterSelectProps<Value extends string> {
  label: string
  options: readonly Value[]
  value: Value | undefined
  onChange: (value: Value | undefined) => void
}

/** A choice of one value or any. */
export function FilterSelect<Value extends string>({ label, options, value, onChange }: FilterSelectProps<Value>) {
  return (
    <div className="w-36 shrink-0">
      <Select
        label={label}
        options={[
          { value: ANY, label: `Any ${label.toLowerCase()}` },
          ...options.map((option) => ({ value: option, label: words(option) })),
        ]}
        value={value ?? ANY}
        onChange={(chosen) => {
          onChange(options.find((option) => option === chosen))
        }}
      />
    </div>
  )
}

/** A choice of buys, sells or both. */
export function SideFilter({ side, onSearch }: { side: ReportSearch['side']; onSearch: ChangeSearch }) {
  return (
    <FilterSelect
      label="Side"
      options={['buy', 'sell']}
      value={side}
      onChange={(side) => {
        onSearch({ side })
      }}
    />
  )
}

const ANY = 'any'

/** Display form of a stored value: partially_filled is "partially filled". */
export function words(value: string): string {
  return value.replaceAll('_', ' ')
}
