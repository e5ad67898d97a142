package columns

import "github.com/videovector/exports/internal/artifact"

// fixed are the columns of what the platform documents of results, of segments and of videos together: ids, times,
// states, texts, addresses.
var fixed = [...]struct {
	member artifact.Member
	kind   Type
}{
	{artifact.ResultType, Text},
	{artifact.ResultID, Text},
	{artifact.SegmentID, Text},
	{artifact.VideoID, Text},
	{artifact.RunID, Text},
	{artifact.PromptID, Text},
	{artifact.PromptRunID, Text},
	{artifact.SourceIndexID, Text},
	{artifact.VideoName, Text},
	{artifact.ExecutedAt, Timestamp},
	{artifact.StartTime, Number},
	{artifact.EndTime, Number},
	{artifact.Selected, Boolean},
	{artifact.Status, Text},
	{artifact.EmbeddingStatus, Text},
	{artifact.FieldExtractionSucceeded, Boolean},
	{artifact.TranscriptionSucceeded, Boolean},
	{artifact.ImageEmbeddingSucceeded, Boolean},
	{artifact.SuccessfulSegmentCount, Integer},
	{artifact.FailedSegmentCount, Integer},
	{artifact.PartsTotal, Integer},
	{artifact.PartsCompleted, Integer},
	{artifact.PartsFailed, Integer},
	{artifact.OmittedSegmentIDs, TextList},
	{artifact.SchemaUsed, Text},
	{artifact.SourceFingerprint, Text},
	{artifact.MetadataText, Text},
	{artifact.ProcessingWarning, Text},
	{artifact.ErrorMessage, Text},
	{artifact.FieldExtractionError, Text},
	{artifact.TranscriptionError, Text},
	{artifact.ImageEmbeddingError, Text},
	{artifact.EmbeddingError, Text},
	{artifact.SegmentURI, Text},
	{artifact.ThumbnailURI, Text},
	{artifact.GIFURI, Text},
}
