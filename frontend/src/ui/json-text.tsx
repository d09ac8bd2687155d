const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\b\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\b/g

/** JSON text with syntax highlighting; its formatting is kept. */
export function JsonText({ text }: { text: string }) {
  return (
    <pre className="figures text-xs leading-5">
      <code>{tokens(text)}</code>
    </pre>
  )
}

function tokens(text: string) {
  const parts = []
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    parts.push(text.slice(end, match.index))
    const [all, quoted, colon] = match
    const tone = quoted === undefined ? 'text-accent' : colon === undefined ? 'text-text' : 'text-muted'
    parts.push(
      <span key={match.index} className={tone}>
        {all}
      </span>,
    )
    end = match.index + all.length
  }
  parts.push(text.slice(end))
  return parts
}
