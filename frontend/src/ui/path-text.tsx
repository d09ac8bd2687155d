/** A path that gives way in its folders where there is no room for all of it: files differ by their day and by their name. */
export function PathText({ path }: { path: string }) {
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
