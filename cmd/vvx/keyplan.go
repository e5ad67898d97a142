package main

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/spf13/cobra"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/usagekey/awsplan"
)

func (a *app) enrollCommand(at *keyPlace) *cobra.Command {
	var account, plan string
	cmd := &cobra.Command{
		Use:   "enroll --account ACCOUNT --usage-plan ID",
		Short: "Put an account into a usage plan of API Gateway",
		Long: `enroll lets API Gateway count an account's requests, of all its keys together, by a usage plan. It makes no key
of this API's: API Gateway counts by one of its own for each account, which opens nothing and which nobody sends. Where
the service is deployed with UsagePlan "on", accounts that are in no plan are refused. Repeated, it changes nothing.`,
		Example: "  vvx key enroll --account acct_123 --usage-plan a1b2c3",
		Args:    cobra.NoArgs,
		RunE: runs(func(ctx context.Context, _ []string) error {
			if err := a.enroll(ctx, *at, plan, account); err != nil {
				return orStopped(ctx, err, "the command can simply be repeated")
			}
			return a.emit(map[string]string{"account_id": account, "usage_plan_id": plan}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "Account %s is in the usage plan %s.\n", account, plan)
				return err
			})
		}),
	}
	cmd.Flags().StringVar(&account, "account", "", "the `ACCOUNT`")
	cmd.Flags().StringVar(&plan, "usage-plan", "", "the plan's `ID`, the stack's output UsagePlanId")
	for _, name := range []string{"account", "usage-plan"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was declared three lines above
		}
	}
	return cmd
}

// enroll puts the account into the plan. A local service has none: its gateway counts nothing.
func (a *app) enroll(ctx context.Context, at keyPlace, plan, account string) error {
	if at.table == "" && a.global.localGiven {
		return misuse("a local service has no usage plans")
	}
	if !export.ValidID(account) {
		return fault.Newf(fault.Invalid, "invalid_id", "An account must be 1 to %d characters of [A-Za-z0-9_-].", export.MaxIDLength)
	}
	cfg, err := awsConfig(ctx)
	if err != nil {
		return err
	}
	return awsplan.Enroll(ctx, apigateway.NewFromConfig(cfg), plan, account)
}
