import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'

import { IconButton } from './button'

/** Copies a text to the clipboard and confirms it for a moment. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => {
      setCopied(false)
    }, 1_500)
    return () => {
      clearTimeout(timer)
    }
  }, [copied])
  return (
    <IconButton
      Icon={copied ? Check : Copy}
      label={copied ? 'Copied' : label}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true)
        })
      }}
    />
  )
}
