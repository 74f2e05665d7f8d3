import { testJobHistories } from '../../contract/job-histories.ts';
import { openEmbeddedForTest } from '../../helpers/embedded-jobs.ts';

testJobHistories('embedded', openEmbeddedForTest, { runs: 40 });
