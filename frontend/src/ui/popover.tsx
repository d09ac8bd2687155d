import { Popover as BasePopover } from '@base-ui/react/popover'
import type { ReactElement, ReactNode } from 'react'

import { classNames } from './class-names'
import { POPUP } from './popup'

interface PopoverProps {
  /** Accessible name. */
  label: string
  trigger: ReactElement
  children: ReactNode
}

/** A popup beside its trigger, which stays visible. */
export function Popover({ label, trigger, children }: PopoverProps) {
  return (
    <BasePopover.Root>
      <BasePopover.Trigger render={trigger} />
      <BasePopover.Portal>
        <BasePopover.Positioner sideOffset={6} collisionPadding={8} className="z-40">
          <BasePopover.Popup aria-label={label} className={classNames(POPUP, 'max-w-120 p-3 text-sm')}>
            {children}
          </BasePopover.Popup>
        </BasePopover.Positioner>
      </BasePopover.Portal>
    </BasePopover.Root>
  )
}
