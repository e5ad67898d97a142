// Package tenant carries the account that a piece of work is for, from the edge that knows it to whatever must not reach
// beyond it. The edges are the steps' input and a request's authenticated caller; nothing in between chooses an account.
package tenant

import "context"

type accountKey struct{}

// With returns a context for work that is this account's alone.
func With(ctx context.Context, account string) context.Context {
	return context.WithValue(ctx, accountKey{}, account)
}

// Account is the account that ctx is for, "" for none.
func Account(ctx context.Context) string {
	account, _ := ctx.Value(accountKey{}).(string)
	return account
}
