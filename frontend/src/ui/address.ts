import { type RegisteredRouter, replaceEqualDeep, useMatch, useRouter } from '@tanstack/react-router'
import { useMemo, useSyncExternalStore } from 'react'

/**
 * The current search parameters of a screen, read from the URL.
 *
 * The router's `useSearch` updates in a transition, so a text field would lose letters typed in the meantime. Here a change
 * is in the URL before the handler that made it returns.
 */
export interface Address<Search extends object> {
  read: () => Search
  /** Sets parameters in place of the current history entry; undefined removes one. */
  change: (part: Partial<Search>) => void
  /** Calls a listener after each change from any source; returns the function that unsubscribes. */
  subscribe: (listener: () => void) => () => void
}

/** Address of the calling screen; while another screen opens, its last address. */
export function useAddress<Search extends object>(): Address<Search> {
  const router = useRouter()
  const pathname = useMatch({ strict: false, select: (match) => match.pathname })
  return useMemo(() => addressAt<Search>(router, pathname), [router, pathname])
}

/**
 * Subscribe to the parameters that `select` picks. Re-renders before the handler that changed them returns.
 *
 * @param select - A stable function.
 */
export function useSearchOf<Search extends object>(
  address: Address<Search>,
  select: (search: Search) => Search = whole,
): Search {
  const read = useMemo(() => sharing(() => select(address.read())), [address, select])
  return useSyncExternalStore(address.subscribe, read)
}

function addressAt<Search extends object>(router: RegisteredRouter, pathname: string): Address<Search> {
  const isHere = () => router.latestLocation.pathname === pathname
  let last = router.latestLocation.search as Search
  const read = () => {
    if (isHere()) last = router.latestLocation.search as Search
    return last
  }
  return {
    read,
    change: (part) => {
      // Ignore late changes of a screen that is being left.
      if (!isHere()) return
      const search = { ...read(), ...part }
      void router.navigate({ to: '.', search: search as never, replace: true })
    },
    // The router subscribes to its history before any screen does, so it has parsed the address by then.
    subscribe: (listener) => router.history.subscribe(listener),
  }
}

/** A read function that returns the previous object if nothing changed. */
function sharing<T>(read: () => T): () => T {
  let last: T | undefined
  return () => (last = replaceEqualDeep(last, read()))
}

function whole<Search>(search: Search): Search {
  return search
}
