import { useEffect, useState, useSyncExternalStore } from 'react'

import { RpcError } from '@/rpc/rpc-error'
import type { Rows } from '@/ui/data-table'

/** Rows of a page, and the length of the whole list. */
export interface Page<Row> {
  rows: readonly Row[]
  total: number
}

export type LoadPage<Row> = (skip: number, size: number, signal: AbortSignal) => Promise<Page<Row>>

/** Rows per request. */
export const PAGE_SIZE = 100

/** Pages to prefetch in the scroll direction. */
const AHEAD = 3

/** Pages to keep: a few megabytes at most. */
const KEPT_PAGES = 100

/** A list held by the service, with the pages around the visible rows loaded. */
export class PagedRows<Row> implements Rows<Row> {
  length = 0
  /** Incremented with each page that arrives, for React to compare. */
  version = 0
  error: RpcError | undefined
  private readonly pages = new Map<number, readonly Row[]>()
  private readonly underWay = new Map<number, AbortController>()
  private readonly listeners = new Set<() => void>()
  /** Pages of the visible rows, and pages to prefetch. */
  private inSight: readonly number[] = [0]
  private next: readonly number[] = []

  constructor(readonly load: LoadPage<Row>) {}

  at(index: number): Row | undefined {
    return this.pages.get(Math.floor(index / PAGE_SIZE))?.[index % PAGE_SIZE]
  }

  /** Request the pages of these rows, then their neighbours, and abort requests for other pages. */
  readonly see = (first: number, last: number): void => {
    const end = Math.max(Math.ceil(this.length / PAGE_SIZE), 1)
    const from = Math.floor(first / PAGE_SIZE)
    const to = Math.min(Math.floor(last / PAGE_SIZE), end - 1)
    const pages = (count: number, at: (i: number) => number) =>
      Array.from({ length: count }, (_, i) => at(i)).filter((number) => number >= 0 && number < end)
    const up = from < (this.inSight[0] ?? 0)
    this.inSight = pages(to - from + 1, (i) => from + i)
    this.next = up
      ? [...pages(AHEAD, (i) => from - 1 - i), ...pages(1, () => to + 1)]
      : [...pages(AHEAD, (i) => to + 1 + i), ...pages(1, () => from - 1)]
    for (const [number, controller] of this.underWay) {
      if (this.inSight.includes(number) || this.next.includes(number)) continue
      controller.abort()
      this.underWay.delete(number)
    }
    this.ask()
  }

  /** Request the first page; resolves when it has arrived or failed. */
  async start(): Promise<void> {
    await this.fetch(0)
  }

  stop(): void {
    for (const controller of this.underWay.values()) controller.abort()
    this.underWay.clear()
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Request missing visible pages, and neighbours only once none is missing, so that they do not delay the visible ones. */
  private ask(): void {
    const missing = this.inSight.filter((number) => !this.pages.has(number))
    for (const number of missing.length > 0 ? missing : this.next) void this.fetch(number)
  }

  private async fetch(number: number): Promise<void> {
    if (this.pages.has(number) || this.underWay.has(number)) return
    const controller = new AbortController()
    this.underWay.set(number, controller)
    try {
      const { rows, total } = await this.load(number * PAGE_SIZE, PAGE_SIZE, controller.signal)
      this.length = total
      this.pages.set(number, rows)
      this.error = undefined
      this.forget(number)
    } catch (error) {
      if (controller.signal.aborted) return
      this.error = RpcError.from(error)
    } finally {
      if (this.underWay.get(number) === controller) this.underWay.delete(number)
    }
    this.version += 1
    for (const listener of this.listeners) listener()
    if (this.error === undefined) this.ask()
  }

  private forget(here: number): void {
    if (this.pages.size <= KEPT_PAGES) return
    const farthest = [...this.pages.keys()].reduce((a, b) => (Math.abs(a - here) >= Math.abs(b - here) ? a : b))
    this.pages.delete(farthest)
  }
}

/** The list that `load` loads in pages. While a new list loads, the previous one stays visible. Memoize `load`. */
export function usePagedRows<Row>(load: LoadPage<Row>): PagedRows<Row> {
  const [list, setList] = useState(() => new PagedRows(load))
  useEffect(() => {
    const next = list.load === load ? list : new PagedRows(load)
    let current = true
    void next.start().then(() => {
      if (current) setList(next)
    })
    return () => {
      current = false
      next.stop()
    }
  }, [list, load])
  useSyncExternalStore(list.subscribe, () => list.version)
  return list
}
