import { type ErrorComponentProps, SearchParamError } from '@tanstack/react-router'

import { ButtonLink } from '@/ui/button'
import { ErrorState } from '@/ui/error-state'
import { Screen } from '@/ui/screen'

/** Error boundary of a screen; the rest of the page keeps working. */
export function ScreenError({ error, reset }: ErrorComponentProps) {
  if (error instanceof SearchParamError) {
    return (
      <Screen title="Invalid link">
        <ErrorState
          problem={{
            message: invalidParameters(error.message),
            advice: 'The screen does not know a parameter after the question mark in the URL.',
          }}
        />
        <div className="px-11">
          <ButtonLink to="." search={{}}>
            Open without parameters
          </ButtonLink>
        </div>
      </Screen>
    )
  }
  return (
    <Screen title="This screen failed to load">
      <ErrorState
        problem={{
          message: String(error instanceof Error ? error.message : error),
          advice: 'The page may have been updated since it was opened. Reload it.',
        }}
        onRetry={reset}
      />
    </Screen>
  )
}

interface SearchIssue {
  path?: { key: unknown }[]
  expected: string | null
  received: string
}

/** Describe the invalid parameters of a URL, one sentence each, from the router's issues (JSON). */
export function invalidParameters(message: string): string {
  let issues: SearchIssue[]
  try {
    issues = JSON.parse(message) as SearchIssue[]
  } catch {
    return message
  }
  const parts = issues.map(({ path, expected, received }) => {
    const key = path?.map((step) => String(step.key)).join('.') ?? 'the address'
    if (expected === 'never') return `${key} is not a parameter of this screen.`
    return `${key} is ${received}; it must be ${expected ?? 'another value'}.`
  })
  return parts.join(' ')
}

/** Screen for an unknown URL. */
export function NotFound() {
  return (
    <Screen title="Page not found">
      <ErrorState problem={{ message: `There is no screen at ${window.location.pathname}.` }} />
      <div className="px-11">
        <ButtonLink to="/runs">Go to the runs</ButtonLink>
      </div>
    </Screen>
  )
}
