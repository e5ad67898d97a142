// Package awsplan puts accounts into a usage plan of API Gateway.
package awsplan

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/videovector/exports/internal/usagekey"
)

// API is what Enroll calls of API Gateway; *apigateway.Client has it.
type API interface {
	apigateway.GetApiKeysAPIClient
	CreateApiKey(context.Context, *apigateway.CreateApiKeyInput, ...func(*apigateway.Options)) (*apigateway.CreateApiKeyOutput, error)
	CreateUsagePlanKey(context.Context, *apigateway.CreateUsagePlanKeyInput, ...func(*apigateway.Options)) (*apigateway.CreateUsagePlanKeyOutput, error)
	GetUsagePlanKey(context.Context, *apigateway.GetUsagePlanKeyInput, ...func(*apigateway.Options)) (*apigateway.GetUsagePlanKeyOutput, error)
}

// Enroll puts the account into the plan. What is there already, the account's key or its place in the plan, is taken as it
// is, so a repeated call, whatever became of the ones before, ends in the same state.
func Enroll(ctx context.Context, client API, plan, account string) error {
	key, err := ensureKey(ctx, client, account)
	if err != nil {
		return fmt.Errorf("the usage key of account %s: %w", account, err)
	}
	_, err = client.CreateUsagePlanKey(ctx, &apigateway.CreateUsagePlanKeyInput{
		UsagePlanId: aws.String(plan), KeyId: aws.String(key), KeyType: aws.String("API_KEY"),
	})
	if conflicts(err) {
		// It is in the plan already, or in another one of the same stage, which API Gateway refuses alike.
		_, there := client.GetUsagePlanKey(ctx, &apigateway.GetUsagePlanKeyInput{UsagePlanId: aws.String(plan), KeyId: aws.String(key)})
		if there == nil {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("usage plan %s: %w", plan, err)
	}
	return nil
}

// ensureKey gives the id of the account's key, which it makes if there is none.
func ensureKey(ctx context.Context, client API, account string) (id string, err error) {
	value := usagekey.Of(account)
	made, err := client.CreateApiKey(ctx, &apigateway.CreateApiKeyInput{
		Name: aws.String(value), Value: aws.String(value), Enabled: true, Description: aws.String("Counts the requests of account " + account + "; opens nothing"),
	})
	if err == nil {
		return aws.ToString(made.Id), nil
	}
	if !conflicts(err) {
		return "", err
	}
	pages := apigateway.NewGetApiKeysPaginator(client, &apigateway.GetApiKeysInput{NameQuery: aws.String(value)})
	for pages.HasMorePages() {
		page, failed := pages.NextPage(ctx)
		if failed != nil {
			return "", failed
		}
		for _, k := range page.Items {
			if aws.ToString(k.Name) != value {
				continue
			}
			if !k.Enabled {
				return "", fmt.Errorf("it was disabled by somebody: key %s", aws.ToString(k.Id))
			}
			return aws.ToString(k.Id), nil
		}
	}
	return "", err
}

func conflicts(err error) bool {
	var conflict *types.ConflictException
	return errors.As(err, &conflict)
}
