package templatetest

const (
	table     = "${Table.Arn}"
	artifacts = "${ArtifactsBucket.Arn}"
	results   = "${ResultsBucket.Arn}"
	machine   = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${AWS::StackName}-export"
	runs      = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${AWS::StackName}-export"
	accounts  = " keys ACCT#*"
)

// grants are all that each function may do besides writing its log. A line is an action, a resource and, for the
// table, the partition keys. TestGrantsAreUsed holds the lines against what the code calls.
var grants = map[string][]string{
	"authorize": {
		"dynamodb:GetItem " + table + " keys KEY#*",
	},
	"create-export": {
		"dynamodb:BatchGetItem " + table + accounts,
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:PutItem " + table + accounts,
		"dynamodb:Query " + table + accounts,
		"dynamodb:Query " + table + " keys RUN#*",
		"s3:GetObject " + results + "/results/*",
		"s3:ListBucket " + results,
		"secretsmanager:GetSecretValue ${SigningKeys}",
		"states:StartExecution " + machine,
	},
	"read-export": {
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:Query " + table + accounts,
		"s3:GetObject " + artifacts + "/artifacts/*",
		"secretsmanager:GetSecretValue ${SigningKeys}",
	},
	"download-export": {
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:GetItem " + table + " keys KEY#*",
		"s3:GetObject " + artifacts + "/artifacts/*",
		"s3:ListBucket " + artifacts,
		"secretsmanager:GetSecretValue ${SigningKeys}",
	},
	"manage-connector": {
		"Deny sts:AssumeRole arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*",
		"dynamodb:DeleteItem " + table + accounts,
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:PutItem " + table + accounts,
		"dynamodb:Query " + table + accounts,
		"kms:Decrypt ${ConnectorKey.Arn} if StringLike kms:EncryptionContext:account_id *",
		"kms:GenerateDataKey ${ConnectorKey.Arn} if StringLike kms:EncryptionContext:account_id *",
		"secretsmanager:GetSecretValue ${SigningKeys}",
		"sts:AssumeRole arn:${AWS::Partition}:iam::*:role/*",
	},
	"plan": {
		"dynamodb:BatchGetItem " + table + accounts,
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:PutItem " + table + accounts,
		"dynamodb:Query " + table + accounts,
		"dynamodb:Query " + table + " keys RUN#*",
		"s3:AbortMultipartUpload " + artifacts + "/artifacts/*",
		"s3:GetObject " + artifacts + "/work/*",
		"s3:ListBucket " + artifacts,
		"s3:PutObject " + artifacts + "/artifacts/*",
		"s3:PutObject " + artifacts + "/work/*",
	},
	"package": {
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:PutItem " + table + accounts,
		"s3:AbortMultipartUpload " + artifacts + "/artifacts/*",
		"s3:AbortMultipartUpload " + artifacts + "/work/*",
		"s3:GetObject " + artifacts + "/artifacts/*",
		"s3:GetObject " + artifacts + "/work/*",
		"s3:GetObject " + results + "/results/*",
		"s3:ListBucket " + artifacts,
		"s3:ListBucket " + results,
		"s3:PutObject " + artifacts + "/artifacts/*",
		"s3:PutObject " + artifacts + "/work/*",
	},
	"assemble": {
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:PutItem " + table + accounts,
		"s3:AbortMultipartUpload " + artifacts + "/artifacts/*",
		"s3:AbortMultipartUpload " + artifacts + "/work/*",
		"s3:GetObject " + artifacts + "/artifacts/*",
		"s3:GetObject " + artifacts + "/work/*",
		"s3:GetObject " + results + "/results/*",
		"s3:ListBucket " + artifacts,
		"s3:ListBucket " + results,
		"s3:ListBucketMultipartUploads " + artifacts,
		"s3:PutObject " + artifacts + "/artifacts/*",
		"s3:PutObject " + artifacts + "/work/*",
	},
	"presign": {
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:PutItem " + table + accounts,
		"s3:GetObject " + artifacts + "/artifacts/*",
	},
	"deliver": {
		"Deny sts:AssumeRole arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*",
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:PutItem " + table + accounts,
		"kms:Decrypt ${ConnectorKey.Arn} if StringLike kms:EncryptionContext:account_id *",
		"s3:GetObject " + artifacts + "/artifacts/*",
		"s3:ListBucket " + artifacts,
		"sts:AssumeRole arn:${AWS::Partition}:iam::*:role/*",
	},
	"finish": {
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:PutItem " + table + accounts,
	},
	"fail": {
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:PutItem " + table + accounts,
		"s3:AbortMultipartUpload " + artifacts + "/artifacts/*",
		"s3:AbortMultipartUpload " + artifacts + "/work/*",
		"s3:ListBucketMultipartUploads " + artifacts,
	},
	"sweep": {
		"dynamodb:GetItem " + table + accounts,
		"dynamodb:PutItem " + table + accounts,
		"dynamodb:Query " + table + "/index/open-by-due",
		"s3:AbortMultipartUpload " + artifacts + "/artifacts/*",
		"s3:AbortMultipartUpload " + artifacts + "/work/*",
		"s3:ListBucketMultipartUploads " + artifacts,
		"states:StartExecution " + machine,
	},
}
