import { PathText } from './path-text'

/** A message; a file path at its start is moved to a line below. */
export function MessageText({ message }: { message: string }) {
  const [, path, rest] = /^(\S+\/\S+\.(?:parquet|csv\.gz)): (.+)$/s.exec(message) ?? []
  if (path === undefined || rest === undefined) return <p className="max-w-180 break-words">{message}</p>
  return (
    <>
      <p className="max-w-180 break-words first-letter:uppercase">{rest}</p>
      <p className="text-xs text-muted">
        <PathText path={path} />
      </p>
    </>
  )
}
