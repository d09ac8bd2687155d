import { Toast } from '@base-ui/react/toast'
import { X } from 'lucide-react'

import { classNames } from './class-names'
import { POPUP } from './popup'

const manager = Toast.createToastManager()

interface ToastOptions {
  title: string
  description?: string
  /** Where it goes when pressed. */
  action?: { label: string; onClick: () => void }
  tone?: 'neutral' | 'danger'
}

/** Says something that has happened elsewhere on the page, or out of sight. What is in sight says it itself. */
export function showToast({ title, description, action, tone = 'neutral' }: ToastOptions): void {
  manager.add({
    title,
    description,
    type: tone,
    priority: tone === 'danger' ? 'high' : 'low',
    ...(action && { actionProps: { children: action.label, onClick: action.onClick } }),
  })
}

/** Once in the page: at most two toasts, six seconds each. */
export function Toasts() {
  return (
    <Toast.Provider toastManager={manager} limit={2} timeout={6_000}>
      <Toast.Portal>
        <Toast.Viewport className="fixed right-4 bottom-4 z-50 max-sm:bottom-16 flex w-[min(360px,calc(100vw-32px))] flex-col gap-2">
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
        className={classNames(POPUP, 'px-3 py-2', toast.type === 'danger' && 'border-l-2 border-l-danger')}
      >
        <Toast.Content className="flex items-start gap-3 text-sm">
          <div className="min-w-0 flex-1">
            <Toast.Title className="font-medium" />
            <Toast.Description className="text-muted" />
          </div>
          <Toast.Action className="text-accent hover:underline" />
          <Toast.Close aria-label="Dismiss" className="mt-0.5 text-faint hover:text-text">
            <X size={14} aria-hidden />
          </Toast.Close>
        </Toast.Content>
      </Toast.Root>
    ))
}
