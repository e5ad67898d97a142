package cost

// PricesAsOf is the date of the prices. They are list prices of us-east-1, without free tiers and discounts.
const PricesAsOf = "December 2025"

// price is what one unit of a kind costs.
type price struct {
	kind, unit string
	dollars    float64
	per        float64 // units that cost so much
}

// Prices in dollars. Of the customer's bucket there are none here: it is not ours. Data within a region moves free of charge.
var (
	transition  = price{"Step Functions, standard", "state transitions", 0.025, 1e3}
	child       = price{"Step Functions, express", "executions", 1.00, 1e6}
	childMemory = price{"Step Functions, express", "GB-seconds", 0.00001667, 1}
	invocation  = price{"Lambda, arm64", "invocations", 0.20, 1e6}
	memory      = price{"Lambda, arm64", "GB-seconds", 0.0000133334, 1}
	put         = price{"S3 standard", "PUT, COPY, POST, LIST requests", 0.005, 1e3}
	get         = price{"S3 standard", "GET, HEAD requests", 0.0004, 1e3}
	storage     = price{"S3 standard", "GB-months", 0.023, 1}
	dbWrite     = price{"DynamoDB, on demand", "write units (1 KB)", 0.625, 1e6}
	dbRead      = price{"DynamoDB, on demand", "read units (4 KB)", 0.125, 1e6}
	apiRequest  = price{"API Gateway, REST", "requests", 3.50, 1e6}
	logged      = price{"CloudWatch Logs", "GB taken in", 0.50, 1}
	logKept     = price{"CloudWatch Logs", "GB-months", 0.03, 1}
	ownMetric   = price{"CloudWatch", "metric-months of one's own", 0.30, 1}
	alarmMetric = price{"CloudWatch", "metric-months under alarm", 0.10, 1}
	dashboard   = price{"CloudWatch", "dashboard-months", 3.00, 1}
	trace       = price{"X-Ray", "traces", 5.00, 1e6}
	kmsKey      = price{"KMS", "key-months", 1.00, 1}
	secret      = price{"Secrets Manager", "secret-months", 0.40, 1}
)

var prices = []price{
	transition, child, childMemory, invocation, memory, put, get, storage, dbWrite, dbRead,
	apiRequest, logged, logKept, ownMetric, alarmMetric, dashboard, trace, kmsKey, secret,
}

func (p price) of(units float64) float64 { return units * p.dollars / p.per }
