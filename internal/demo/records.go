package demo

// segment is a segment result as the platform writes it.
type segment struct {
	ResultType               string         `json:"result_type"`
	ResultID                 string         `json:"result_id"`
	SegmentID                string         `json:"segment_id"`
	VideoID                  string         `json:"video_id"`
	RunID                    string         `json:"run_id"`
	PromptID                 string         `json:"prompt_id"`
	PromptRunID              string         `json:"prompt_run_id"`
	VideoName                string         `json:"video_name"`
	SourceIndexID            string         `json:"source_index_id"`
	ExecutedAt               string         `json:"executed_at"`
	StartTime                float64        `json:"start_time"` // seconds
	EndTime                  float64        `json:"end_time"`
	Metadata                 map[string]any `json:"metadata"`
	MetadataText             string         `json:"metadata_text"`
	ProcessingWarning        *string        `json:"processing_warning"`
	SchemaUsed               string         `json:"schema_used"`
	FieldExtractionSucceeded bool           `json:"field_extraction_succeeded"`
	TranscriptionSucceeded   *bool          `json:"transcription_succeeded"`
	ImageEmbeddingSucceeded  *bool          `json:"image_embedding_succeeded"`
	FieldExtractionError     *string        `json:"field_extraction_error"`
	TranscriptionError       *string        `json:"transcription_error"`
	ImageEmbeddingError      *string        `json:"image_embedding_error"`
	SegmentURI               string         `json:"segment_uri"`
	ThumbnailURI             string         `json:"thumbnail_uri"`
	GIFURI                   *string        `json:"gif_uri"`
	Selected                 bool           `json:"selected"`
}

// video is a video-level result as the platform writes it.
type video struct {
	ResultType             string         `json:"result_type"`
	ResultID               string         `json:"result_id"`
	RunID                  string         `json:"run_id"`
	PromptID               string         `json:"prompt_id"`
	VideoID                string         `json:"video_id"`
	VideoName              string         `json:"video_name"`
	SourceIndexID          string         `json:"source_index_id"`
	ExecutedAt             string         `json:"executed_at"`
	Status                 string         `json:"status"`
	Metadata               map[string]any `json:"metadata"`
	MetadataText           string         `json:"metadata_text"`
	SuccessfulSegmentCount int            `json:"successful_segment_count"`
	FailedSegmentCount     int            `json:"failed_segment_count"`
	SourceFingerprint      string         `json:"source_fingerprint"`
	ErrorMessage           *string        `json:"error_message"`
	EmbeddingStatus        string         `json:"embedding_status"`
	EmbeddingError         *string        `json:"embedding_error"`
	PartsTotal             int            `json:"parts_total"`
	PartsCompleted         int            `json:"parts_completed"`
	PartsFailed            int            `json:"parts_failed"`
}
