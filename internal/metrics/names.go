package metrics

// Metric is one metric of the service, as docs/operations.md lists it. Every metric is given without dimensions, for
// alarms, or by one dimension, or both.
type Metric struct {
	Name  string
	Unit  string // CloudWatch's
	Total bool   // it is given without dimensions
	By    string // the dimension, "" for none
	When  string // it is written
}

// Units of CloudWatch.
const (
	count   = "Count"
	seconds = "Seconds"
	bytes   = "Bytes"
)

// Dimensions. Their values are few: each one is a metric that is paid for.
const (
	byReason = "Reason" // one of Reasons
	byStep   = "Step"   // a function's name
	byError  = "Error"  // an error name of docs/errors.md
)

// The metrics.
var (
	exportsCreated    = Metric{"ExportsCreated", count, true, "", "an export is accepted; a repeated request makes none"}
	exportsCompleted  = Metric{"ExportsCompleted", count, true, "", "an export ends as `completed`"}
	exportsFailed     = Metric{"ExportsFailed", count, true, byReason, "an export ends as `failed`, dead letters included"}
	exportsCancelled  = Metric{"ExportsCancelled", count, true, "", "an export is cancelled by its owner, which is no failure"}
	exportsRetried    = Metric{"ExportsRetried", count, true, "", "an export that has failed is retried by its owner"}
	deadLetters       = Metric{"DeadLetters", count, true, "", "an export ends as `failed` since every attempt is used up"}
	timeToComplete    = Metric{"TimeToComplete", seconds, true, "", "with `ExportsCompleted`: since it was created, or retried"}
	bytesExported     = Metric{"BytesExported", bytes, true, "", "with `ExportsCompleted`: of all its files"}
	rowsExported      = Metric{"RowsExported", count, true, "", "with `ExportsCompleted`: its results"}
	rowsRejected      = Metric{"RowsRejected", count, true, "", "with `ExportsCompleted`: records that could not be exported"}
	queueAge          = Metric{"QueueAge", seconds, true, "", "an export is claimed for the first time: since it was created, or retried"}
	attemptsRequeued  = Metric{"AttemptsRequeued", count, true, "", "an attempt failed and another one is queued"}
	stepRetries       = Metric{"StepRetries", count, true, byStep, "the state machine calls a step again"}
	stepFailures      = Metric{"StepFailures", count, false, byError, "a call of a step fails"}
	sweepRuns         = Metric{"SweepRuns", count, true, "", "the scheduled sweep ends well: once a minute"}
	sweepRescues      = Metric{"SweepRescues", count, true, "", "the sweeper hands an export whose execution is silent or gone to another one"}
	openExports       = Metric{"OpenExports", count, true, "", "with `SweepRuns`: exports that have not ended and have a slot"}
	waitingExports    = Metric{"WaitingExports", count, true, "", "with `SweepRuns`: exports that wait for a slot of their account, of up to 50 accounts"}
	eventRuns         = Metric{"EventRuns", count, true, "", "the scheduled look at events that are due ends well, whatever receivers say: once a minute"}
	eventsDelivered   = Metric{"EventsDelivered", count, true, "", "a webhook has taken an event"}
	eventsRetried     = Metric{"EventsRetried", count, true, "", "an attempt at a webhook fails and another is to come"}
	eventsFailed      = Metric{"EventsFailed", count, true, "", "an event is given up for a webhook"}
	automationRuns    = Metric{"AutomationRuns", count, true, "", "the scheduled look at automations ends well: once a minute"}
	automationsFired  = Metric{"AutomationExports", count, true, "", "an automation's export is made"}
	automationsFailed = Metric{"AutomationFailures", count, true, "", "a try at an automation's export fails; the log has the code"}
	oldestOpenAge     = Metric{"OldestOpenExportAge", seconds, true, "", "with `SweepRuns`: age of the oldest export of both kinds, since its creation or retry, 0 without one"}
)

// All are the metrics that functions write, in the order of the documentation.
var All = []Metric{
	exportsCreated, exportsCompleted, exportsFailed, exportsCancelled, exportsRetried, deadLetters, timeToComplete, bytesExported, rowsExported, rowsRejected,
	queueAge, attemptsRequeued, stepRetries, stepFailures, sweepRuns, sweepRescues, openExports, waitingExports, oldestOpenAge,
	eventRuns, eventsDelivered, eventsRetried, eventsFailed,
	automationRuns, automationsFired, automationsFailed,
}
