import { type RegisteredRouter, replaceEqualDeep, useMatch, useRouter } from '@tanstack/react-router'
import { useMemo, useSyncExternalStore } from 'react'

/**
 * The search parameters of a screen, as the address of the page has them at this instant.
 *
 * Screens that are edited quickly read this instead of the router's `useSearch`, which follows in a transition: a text field
 * would lose letters that are typed before it. A change is in the address before the handler that made it returns.
 */
export interface Address<Search extends object> {
  read: () => Search
  /** Sets parameters in place of the current history entry; undefined removes one. */
  change: (part: Partial<Search>) => void
  /** Calls a listener after each change, whoever made it; returns the way to stop that. */
  subscribe: (listener: () => void) => () => void
}

/** The address of the screen that calls it; while another screen opens, the last that it had. */
export function useAddress<Search extends object>(): Address<Search> {
  const router = useRouter()
  const pathname = useMatch({ strict: false, select: (match) => match.pathname })
  return useMemo(() => addressAt<Search>(router, pathname), [router, pathname])
}

/**
 * The parameters that `select` takes; renders anew when they change, before the handler that changed them returns.
 *
 * @param select - One function for all renders.
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
      // What still moves on a screen that is being left is no part of the next address.
      if (!isHere()) return
      const search = { ...read(), ...part }
      void router.navigate({ to: '.', search: search as never, replace: true })
    },
    // The router subscribes to its history before any screen does, so it has parsed the address by then.
    subscribe: (listener) => router.history.subscribe(listener),
  }
}

/** A read that returns the object of the read before where nothing has changed. */
function sharing<T>(read: () => T): () => T {
  let last: T | undefined
  return () => (last = replaceEqualDeep(last, read()))
}

function whole<Search>(search: Search): Search {
  return search
}
