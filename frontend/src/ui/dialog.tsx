import { Dialog as BaseDialog } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import { type ReactNode, useRef } from 'react'

import { IconButton } from './button'
import { classNames } from './class-names'
import { POPUP } from './popup'

interface DialogProps {
  title: string
  open: boolean
  onOpenChange: (open: boolean) => void
  children: ReactNode
}

/** A modal dialog. Dialogs are never nested. */
export function Dialog({ title, open, onOpenChange, children }: DialogProps) {
  const popup = useRef<HTMLDivElement>(null)
  return (
    <BaseDialog.Root open={open} onOpenChange={onOpenChange}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="fixed inset-0 z-30 bg-ground/70" />
        <BaseDialog.Popup
          ref={popup}
          // Focus the dialog itself, so that a stray Enter presses no button.
          initialFocus={popup}
          className={classNames(
            POPUP,
            'fixed top-[12vh] left-1/2 z-30 flex max-h-[76vh] w-[min(560px,calc(100vw-32px))] -translate-x-1/2 flex-col',
          )}
        >
          <header className="flex h-10 shrink-0 items-center justify-between border-b border-line pr-1.5 pl-4">
            <BaseDialog.Title className="text-sm font-medium">{title}</BaseDialog.Title>
            <BaseDialog.Close render={<IconButton Icon={X} label="Close" />} />
          </header>
          <div className="min-h-0 overflow-auto p-4">{children}</div>
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  )
}
