package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/internal/apikey"
	"github.com/videovector/exports/internal/store"
)

func (a *app) keyCommand() *cobra.Command {
	var at keyPlace
	cmd := group("key", "Make, list, replace and end API keys, as an administrator",
		a.createKeyCommand(&at), a.listKeysCommand(&at), a.rotateKeyCommand(&at), a.revokeKeyCommand(&at), a.enrollCommand(&at), a.adoptKeysCommand(&at))
	cmd.Long = `key works on the records themselves, not through the API: on the table that --table names, with the AWS
credentials and the region that the AWS CLI would use, or on the running local service. Whoever may write the table may
make keys for everybody.

A key is printed once, when it is made. What is kept is its SHA-256.`
	cmd.PersistentFlags().StringVar(&at.table, "table", "", "the deployed service's table `NAME`, its stack's output TableName; the local service unless given")
	return cmd
}

// keyFlags name whose key is made.
type keyFlags struct{ account, user, scope, plan string }

func (a *app) createKeyCommand(at *keyPlace) *cobra.Command {
	var f keyFlags
	cmd := &cobra.Command{
		Use:   "create --scope SCOPE",
		Short: "Make a key and print it, this once",
		Long: `create makes a key and prints it. It can be repeated: each call makes another key, and one that was cut
short leaves at most a key that nobody has, which "vvx key list" shows and "vvx key revoke" ends.`,
		Example: `  vvx key create --table exports-Table-1ABC --account acct_123 --user user_7 --scope write
  vvx key create --scope read --json | jq -r .key`,
		Args: cobra.NoArgs,
		RunE: runs(func(ctx context.Context, _ []string) error { return a.createKey(ctx, *at, f) }),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.account, "account", "", "`ACCOUNT` whose key it is; the local service's unless given")
	flags.StringVar(&f.user, "user", "", "`USER` of the account whose key it is; none unless given")
	flags.StringVar(&f.scope, "scope", "", "`SCOPE`: search, read, write or admin, each with the ones before it")
	flags.StringVar(&f.plan, "usage-plan", "", "put the account into the usage plan `ID` first, the stack's output UsagePlanId")
	if err := cmd.MarkFlagRequired("scope"); err != nil {
		panic(err) // the flag was declared in the line above
	}
	return cmd
}

func (a *app) createKey(ctx context.Context, at keyPlace, f keyFlags) (err error) {
	d, err := a.openDesk(ctx, at)
	if err != nil {
		return err
	}
	defer d.close(&err)
	account, err := d.accountOr(f.account)
	if err != nil {
		return err
	}
	if f.plan != "" {
		if err := a.enroll(ctx, at, f.plan, account); err != nil {
			return orStopped(ctx, err, "no key was made; the command can simply be repeated")
		}
	}
	issued, err := d.Create(ctx, apikey.Order{AccountID: account, UserID: f.user, Scope: f.scope})
	if err != nil {
		return orStopped(ctx, d.explain(err), `a key may have been made that nobody has; "vvx key list --account %s" shows it`, account)
	}
	return a.showIssued(keyJSONOf(issued.Record, issued.Key))
}

func (a *app) listKeysCommand(at *keyPlace) *cobra.Command {
	var account string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List an account's keys, newest first, without the keys themselves",
		Example: "  vvx key list --table exports-Table-1ABC --account acct_123",
		Args:    cobra.NoArgs,
		RunE:    runs(func(ctx context.Context, _ []string) error { return a.listKeys(ctx, *at, account) }),
	}
	cmd.Flags().StringVar(&account, "account", "", "`ACCOUNT` whose keys are listed; the local service's unless given")
	return cmd
}

func (a *app) listKeys(ctx context.Context, at keyPlace, account string) (err error) {
	d, err := a.openDesk(ctx, at)
	if err != nil {
		return err
	}
	defer d.close(&err)
	if account, err = d.accountOr(account); err != nil {
		return err
	}
	all, err := d.Keys.ListAPIKeys(ctx, account)
	if err != nil {
		return d.explain(err)
	}
	var rows [][]string
	for _, k := range all {
		if a.global.json {
			if err := a.emit(keyJSONOf(k, ""), nil); err != nil {
				return err
			}
		}
		rows = append(rows, []string{k.KeyID, k.Scope, dash(k.UserID), dash(stamp(k.CreatedAt)), dash(stamp(k.RevokedAt))})
	}
	if a.global.json {
		return nil
	}
	return table(a.out, "KEY SCOPE USER CREATED REVOKED", rows)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (a *app) rotateKeyCommand(at *keyPlace) *cobra.Command {
	var grace time.Duration
	cmd := &cobra.Command{
		Use:   "rotate KEY_ID",
		Short: "Make a key's successor and print it; the old one ends after a while",
		Long: `rotate makes a key of the same account, user and scope, and has the old one end after the grace, both or
neither. Repeated within the grace it makes another successor, and the old key's end stays where it is.`,
		Example: "  vvx key rotate key_01kx… --table exports-Table-1ABC\n  vvx key rotate key_01kx… --grace 1h",
		Args:    cobra.ExactArgs(1),
		RunE:    runs(func(ctx context.Context, args []string) error { return a.rotateKey(ctx, *at, args[0], grace) }),
	}
	cmd.Flags().DurationVar(&grace, "grace", 24*time.Hour, "how `LONG` the old key stands beside the new one, at most 720h; 0 ends it at once")
	return cmd
}

func (a *app) rotateKey(ctx context.Context, at keyPlace, id string, grace time.Duration) (err error) {
	d, err := a.openDesk(ctx, at)
	if err != nil {
		return err
	}
	defer d.close(&err)
	r, err := d.Rotate(ctx, id, grace)
	if err != nil {
		return orStopped(ctx, d.explain(err), `a successor may have been made that nobody has; "vvx key list" shows it, and %s can be rotated again while it stands`, id)
	}
	v := keyJSONOf(r.Record, r.Key)
	v.Replaces, v.ReplacedUntil = r.Old.KeyID, jsonTime(r.Old.RevokedAt)
	return a.showIssued(v)
}

func (a *app) revokeKeyCommand(at *keyPlace) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke KEY_ID",
		Short: "End a key now, and every download link that was made with it",
		Long: `revoke ends a key. From the next request on it is refused everywhere, and so are the download links that it
minted. Repeated, it changes nothing.`,
		Example: "  vvx key revoke key_01kx… --table exports-Table-1ABC",
		Args:    cobra.ExactArgs(1),
		RunE:    runs(func(ctx context.Context, args []string) error { return a.revokeKey(ctx, *at, args[0]) }),
	}
}

func (a *app) revokeKey(ctx context.Context, at keyPlace, id string) (err error) {
	d, err := a.openDesk(ctx, at)
	if err != nil {
		return err
	}
	defer d.close(&err)
	k, err := d.Revoke(ctx, id)
	if err != nil {
		return orStopped(ctx, d.explain(err), "the key may or may not have ended; the command can simply be repeated")
	}
	return a.emit(keyJSONOf(k, ""), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s of account %s ended at %s.\n", cell(k.KeyID), cell(k.AccountID), stamp(k.RevokedAt))
		return err
	})
}

func (a *app) adoptKeysCommand(at *keyPlace) *cobra.Command {
	return &cobra.Command{
		Use:   "adopt",
		Short: "Make keys that were written by hand ones that list, rotate and revoke find",
		Long: `adopt reads the whole table once and notes where the keys are that were not made by "vvx key create". Until
then such a key works, and only its own record can end it. Repeated, it changes nothing.`,
		Example: "  vvx key adopt --table exports-Table-1ABC",
		Args:    cobra.NoArgs,
		RunE: runs(func(ctx context.Context, _ []string) (err error) {
			d, err := a.openDesk(ctx, *at)
			if err != nil {
				return err
			}
			defer d.close(&err)
			n, err := d.Keys.AdoptAPIKeys(ctx)
			if err != nil {
				return orStopped(ctx, d.explain(err), "the command can simply be repeated")
			}
			return a.emit(map[string]int{"adopted": n}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "Adopted %d keys.\n", n)
				return err
			})
		}),
	}
}

// keyJSON is what is shown of a key. Key is there only when it has just been made.
type keyJSON struct {
	KeyID         string  `json:"key_id"`
	Key           string  `json:"key,omitempty"`
	AccountID     string  `json:"account_id"`
	UserID        string  `json:"user_id,omitempty"`
	Scope         string  `json:"scope"`
	CreatedAt     *string `json:"created_at"` // null for a key that was written by hand
	RevokedAt     *string `json:"revoked_at"` // may be in the future
	Replaces      string  `json:"replaces,omitempty"`
	ReplacedUntil *string `json:"replaced_until,omitempty"`
}

func keyJSONOf(k store.APIKey, key string) keyJSON {
	return keyJSON{
		KeyID: k.KeyID, Key: key, AccountID: k.AccountID, UserID: k.UserID, Scope: k.Scope, CreatedAt: jsonTime(k.CreatedAt), RevokedAt: jsonTime(k.RevokedAt),
	}
}

func jsonTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339Nano)
	return &s
}

func (a *app) showIssued(v keyJSON) error {
	fmt.Fprintln(a.err, "This is the only time that the key is shown.")
	return a.emit(v, func(w io.Writer) error {
		until := ""
		if v.ReplacedUntil != nil {
			until = v.Replaces + ", which ends at " + *v.ReplacedUntil
		}
		return describe(w, field{"key", v.Key}, field{"key id", v.KeyID}, field{"account", v.AccountID}, field{"user", v.UserID}, field{"scope", v.Scope}, field{"replaces", until})
	})
}
