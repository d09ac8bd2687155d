/** Common prefix of all raw files below the data root, which is not shown. */
const LAYOUT = 'raw_tick_data/by_date/'

interface PathTextProps {
  /** Path of a raw file, relative to the data root. */
  path: string
}

/** A path that is truncated in its folders if there is no room, since files differ by their day and their name. */
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
