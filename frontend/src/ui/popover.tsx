import { Popover as BasePopover } from '@base-ui/react/popover'
import type { ReactElement, ReactNode } from 'react'

import { classNames } from './class-names'
import { POPUP } from './popup'

interface PopoverProps {
  /** What it is, for those who do not see it beside its trigger. */
  label: string
  trigger: ReactElement
  children: ReactNode
}

/** Opens something beside its trigger, which stays in sight. */
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
