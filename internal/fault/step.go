package fault

// StepError is how Step Functions sees a failure: the error name that Retry and Catch match, and whether the shipped
// state machine retries it.
type StepError struct {
	Name      string
	Retryable bool
}

// permanent is the name of what the request's maker or the customer must mend.
const permanent = "Export.Permanent"

// stepErrors is the edge table of the state machine. Every name stands in a Retry or Catch of
// statemachine/export.asl.json or falls to its States.ALL; a test holds the two against each other.
var stepErrors = map[Kind]StepError{
	Internal:         {"Export.Internal", true},
	Throttled:        {"Export.Throttled", true},
	Unavailable:      {"Export.Unavailable", true},
	Superseded:       {"Export.Superseded", false},
	Irregular:        {"Export.Irregular", false},
	Malformed:        {permanent, false},
	TooLarge:         {permanent, false},
	Unauthenticated:  {permanent, false},
	Forbidden:        {permanent, false},
	NotFound:         {permanent, false},
	MethodNotAllowed: {permanent, false},
	Gone:             {permanent, false},
	Conflict:         {permanent, false},
	Invalid:          {permanent, false},
}

// Step is the error that the state machine sees for the failure's kind.
func (e *Error) Step() StepError { return stepErrors[e.Kind] }

// Permanent reports whether no repetition mends the failure: the attempt that meets it ends the export.
func (e *Error) Permanent() bool { return e.Step().Name == permanent }

// StepErrors lists the distinct step errors of the table, in no order.
func StepErrors() []StepError {
	seen := map[StepError]bool{}
	var all []StepError
	for _, s := range stepErrors {
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	return all
}
