import { CopyButton } from './copy-button'

/** A terminal command with a copy button. */
export function CommandLine({ command }: { command: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-2 rounded border border-line-strong bg-raised py-px pr-px pl-3">
      <code className="figures truncate text-text">{command}</code>
      <CopyButton text={command} label="Copy command" />
    </span>
  )
}
