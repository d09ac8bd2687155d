/** Where all raw files lie below the data root, which is said of none of them. */
const LAYOUT = 'raw_tick_data/by_date/'

interface PathTextProps {
  /** Of a raw file, below the data root. */
  path: string
}

/** A path that gives way in its folders where there is no room for all of it: files differ by their day and by their name. */
export function PathText({ path: whole }: PathTextProps) {
  const path = whole.replace(LAYOUT, '')
  const [first = '', ...rest] = path.split('/')
  const name = rest.pop()
  if (name === undefined) return <span className="figures">{path}</span>
  return (
    <span className="figures flex min-w-0" title={path}>
      <span className="shrink-0">{`${first}/`}</span>
      {rest.length > 0 && <span className="truncate">{`${rest.join('/')}/`}</span>}
      <span className="max-w-full shrink-0 truncate">{name}</span>
    </span>
  )
}
