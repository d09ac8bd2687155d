import { Tabs as BaseTabs } from '@base-ui/react/tabs'
import type { ReactNode } from 'react'

export interface Tab<Value extends string> {
  value: Value
  label: string
  /** Number of items in the tab. */
  count?: string
  content: ReactNode
}

interface TabsProps<Value extends string> {
  label: string
  tabs: readonly Tab<Value>[]
  value: Value
  onChange: (value: Value) => void
}

/** Tabs with one visible panel, which fills the given height. */
export function Tabs<Value extends string>({ label, tabs, value, onChange }: TabsProps<Value>) {
  return (
    <BaseTabs.Root
      value={value}
      onValueChange={(chosen: Value) => {
        onChange(chosen)
      }}
      className="flex h-full min-h-0 flex-col"
    >
      <BaseTabs.List aria-label={label} className="flex h-8 shrink-0 gap-4 overflow-x-auto border-b border-line px-4">
        {tabs.map((tab) => (
          <BaseTabs.Tab
            key={tab.value}
            value={tab.value}
            className="-mb-px flex cursor-default items-center gap-1.5 border-b-2 border-transparent text-sm whitespace-nowrap text-muted hover:text-text data-active:border-accent data-active:text-text"
          >
            {tab.label}
            {tab.count && <span className="figures text-2xs text-faint">{tab.count}</span>}
          </BaseTabs.Tab>
        ))}
      </BaseTabs.List>
      {tabs.map((tab) => (
        <BaseTabs.Panel key={tab.value} value={tab.value} className="min-h-0 flex-1 overflow-auto outline-none">
          {tab.content}
        </BaseTabs.Panel>
      ))}
    </BaseTabs.Root>
  )
}
