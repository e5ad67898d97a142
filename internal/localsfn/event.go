package localsfn

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/videovector/exports/internal/asl"
)

// endEvent is an event of EventBridge about an execution's status.
type endEvent struct {
	Version    string    `json:"version"`
	ID         string    `json:"id"`
	DetailType string    `json:"detail-type"`
	Source     string    `json:"source"`
	Account    string    `json:"account"`
	Time       string    `json:"time"`
	Region     string    `json:"region"`
	Resources  []string  `json:"resources"`
	Detail     endDetail `json:"detail"`
}

// endDetail has every field that AWS sends; what an execution here never has is null.
type endDetail struct {
	ExecutionARN        string   `json:"executionArn"`
	StateMachineARN     string   `json:"stateMachineArn"`
	Name                string   `json:"name"`
	Status              string   `json:"status"`
	StartDate           int64    `json:"startDate"` // milliseconds since 1970
	StopDate            int64    `json:"stopDate"`
	Input               string   `json:"input"`
	Output              *string  `json:"output"`
	VersionARN          *string  `json:"stateMachineVersionArn"`
	AliasARN            *string  `json:"stateMachineAliasArn"`
	RedriveCount        int      `json:"redriveCount"`
	RedriveDate         *int64   `json:"redriveDate"`
	RedriveStatus       string   `json:"redriveStatus"`
	RedriveStatusReason *string  `json:"redriveStatusReason"`
	InputDetails        details  `json:"inputDetails"`
	OutputDetails       *details `json:"outputDetails"`
	Error               *string  `json:"error"`
	Cause               *string  `json:"cause"`
}

// EndEvent is the event of an execution that has ended, as EventBridge hands it to a rule's target. The id is the
// event's.
func EndEvent(stateMachineARN, id string, x asl.Execution) ([]byte, error) {
	arn := ExecutionARN(stateMachineARN, x.Name)
	d := endDetail{
		ExecutionARN: arn, StateMachineARN: stateMachineARN, Name: x.Name, Status: x.Status, StartDate: x.Started.UnixMilli(),
		StopDate: x.Stopped.UnixMilli(), Input: string(x.Input), InputDetails: details{true}, RedriveStatus: "REDRIVABLE",
	}
	if x.Status == "SUCCEEDED" {
		d.RedriveStatus, d.Output, d.OutputDetails = "NOT_REDRIVABLE", new(string(x.Output)), &details{true}
	} else if x.Error != "" {
		d.Error, d.Cause = &x.Error, &x.Cause
	}
	region, account := home(stateMachineARN)
	return json.Marshal(endEvent{
		Version: "0", ID: id, DetailType: "Step Functions Execution Status Change", Source: "aws.states", Account: account,
		Time: x.Stopped.UTC().Format(time.RFC3339), Region: region, Resources: []string{arn}, Detail: d,
	})
}

// home is the region and the account of an ARN.
func home(arn string) (region, account string) {
	fields := strings.Split(arn, ":")
	if len(fields) < 5 {
		return "", ""
	}
	return fields[3], fields[4]
}
