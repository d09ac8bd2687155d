import { Toast } from '@base-ui/react/toast'
import { X } from 'lucide-react'

import { classNames } from './class-names'
import { POPUP } from './popup'

const manager = Toast.createToastManager()

interface ToastOptions {
  title: string
  description?: string
  /** Button of the toast. */
  action?: { label: string; onClick: () => void }
  tone?: 'neutral' | 'danger'
}

/** Show a toast about something that is not visible on the screen. */
export function showToast({ title, description, action, tone = 'neutral' }: ToastOptions): void {
  manager.add({
    title,
    description,
    type: tone,
    priority: tone === 'danger' ? 'high' : 'low',
    // Errors take longer to read.
    ...(tone === 'danger' && { timeout: 12_000 }),
    ...(action && { actionProps: { children: action.label, onClick: action.onClick } }),
  })
}

/** Place of the toasts, rendered once per page. Shows only the newest toast, for five seconds, errors longer. */
export function Toasts() {
  return (
    <Toast.Provider toastManager={manager} limit={1} timeout={5_000}>
      <Toast.Portal>
        <Toast.Viewport className="fixed right-2 bottom-2 z-50 flex w-64 flex-col max-sm:bottom-16">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function ToastList() {
  const { toasts } = Toast.useToastManager()
  return toasts
    .filter((toast) => toast.limited !== true)
    .map((toast) => (
      <Toast.Root
        key={toast.id}
        toast={toast}
        className={classNames(POPUP, 'px-3 py-1.5', toast.type === 'danger' && 'border-l-2 border-l-danger')}
      >
        <Toast.Content className="grid grid-cols-[minmax(0,1fr)_auto_auto] gap-x-3 text-sm">
          <Toast.Title className="font-medium" />
          <Toast.Action className="text-accent hover:underline" />
          <Toast.Close aria-label="Dismiss" className="mt-0.5 text-faint hover:text-text">
            <X size={14} aria-hidden />
          </Toast.Close>
          <Toast.Description className="col-span-3 text-xs wrap-anywhere whitespace-pre-line text-muted" />
        </Toast.Content>
      </Toast.Root>
    ))
}
