import { describeJobBackend } from '../../contract/jobs.ts';
import { openEmbeddedForTest } from '../../helpers/embedded-jobs.ts';

describeJobBackend('embedded', openEmbeddedForTest);
